#!/bin/sh
# Runs the numerical tests with each way of computing a step's products that a machine has, and says which it has not:
# scripts/test_products.sh [CARGO'S ARGUMENTS…], of which some may name another machine (--target) or other features.
set -eu

ways=$(cargo run --quiet --locked "$@" --example products)
for line in $(echo "$ways" | sed -n 's/: here$//p'); do
    echo "products by $line: running the numerical tests"
    VARDROP_PRODUCTS=$line cargo test --quiet --locked "$@" --test networks -- \
        arguments:: golden gradients:: noise:: training
    VARDROP_PRODUCTS=$line cargo test --quiet --locked "$@" --lib -- engine:: noise:: optimizer:: network::
done
echo "ran: $(echo "$ways" | sed -n 's/: here$//p' | tr '\n' ' ')"
echo "could not run here: $(echo "$ways" | sed -n 's/: not here$//p' | tr '\n' ' ')"
