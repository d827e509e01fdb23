"""A peer in a process of its own, as `cargo bench --bench peers` starts it: worker.py PEER METHOD:H:MINIBATCH

Writes a line with its name, then answers each line with a number of steps by the milliseconds of one. Where the peer is not
installed, it says so on standard error and ends.
"""

import json
import sys

PEERS = ("jax", "torch", "torch-compiled")


def open_peer(name, method, hidden, batch_size):
    import common

    images, labels = common.data()
    if name == "jax":
        import jax_peer

        return jax_peer.Peer(method, hidden, batch_size, images, labels)
    import torch_peer

    return torch_peer.Peer(method, hidden, batch_size, images, labels, compiled=name == "torch-compiled")


def main():
    name, size = sys.argv[1:]
    if name not in PEERS:
        sys.exit(f"peer {name!r}: expected one of {', '.join(PEERS)}")
    method, width, batch_size = size.split(":")
    try:
        peer = open_peer(name, method, [int(width)] * 3, int(batch_size))
    except ModuleNotFoundError as error:
        sys.exit(f"{name} is not installed: {error}")
    print(json.dumps({"ready": peer.name}), flush=True)
    for line in sys.stdin:
        steps = int(line)
        seconds, loss = peer.run(steps)
        # A NaN fails the comparison too.
        if not loss < 1e3:
            sys.exit(f"the loss of {peer.name} is {loss} with {method}: the comparison would be of nothing")
        print(json.dumps({"ms": 1e3 * seconds / steps}), flush=True)


if __name__ == "__main__":
    main()
