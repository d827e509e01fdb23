"""Has the real kernel compile the crate and its dependencies once, so that a notebook's first cell only links.

A cell with a mistake follows the first one: the kernel answers it with `cargo check`, which compiles all of it a second
way that a person would otherwise wait for at the first typing error.
"""

import sys

from kernel_session import session, show

FIRST_CELL = ':dep vardrop = { path = "..", default-features = false, features = ["notebook"] }\nuse vardrop::Method;'
MISTAKE = "let mistake = Method::Missing;"


def main():
    folder, timeout = sys.argv[1], 1800
    with session(folder) as kernel:
        outputs, _ = kernel.execute(FIRST_CELL, timeout)
        if any(out.output_type == "error" for out in outputs):
            sys.exit("\n".join(["the crate does not compile in the kernel:", *show(outputs)]))
        kernel.execute(MISTAKE, timeout)


if __name__ == "__main__":
    main()
