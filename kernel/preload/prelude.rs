drop(warm);
