# JupyterLab with the project's notebooks on the Rust kernel.
#
#     docker build -t vardrop .
#     docker run --rm -p 8888:8888 vardrop                                  # prints a link with a random token
#     docker run -d -p 443:8888 -e PASSWORD=… vardrop                       # HTTPS, with that password
#
# MNIST is taken from ./data/mnist where it is there, and downloaded otherwise. Where neither works, notebooks use the
# crate's synthetic digits. To pin the base image: --build-arg BASE=rust:1.95-slim-bookworm@sha256:…
ARG BASE=docker.io/library/rust:1.95-slim-bookworm

# --- the kernel's program: the longest step, and one that changes with nothing of the project's ------------------------
FROM ${BASE} AS kernel
ENV VARDROP_CACHE=/opt/vardrop-cache
COPY kernel/program.sh kernel/build /kernel/
RUN /kernel/build

# --- what the other stages need -----------------------------------------------------------------------------------------
FROM ${BASE} AS base
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
# One place for the kernel's program, and one for what cargo downloads, whatever the user.
ENV VARDROP_CACHE=/opt/vardrop-cache \
    CARGO_HOME=/opt/cargo \
    PATH=/usr/local/cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
WORKDIR /opt/vardrop
COPY kernel/settings.sh kernel/program.sh kernel/
COPY scripts/setup.sh scripts/setup.sh
RUN scripts/setup.sh packages \
    && apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends openssl tini >/dev/null \
    && rm -rf /var/lib/apt/lists/*

# --- the command line, and MNIST --------------------------------------------------------------------------------------
FROM base AS data
COPY . .
RUN cargo build --locked --release --bin vardrop
RUN export MNIST_DIR=/opt/vardrop/data/mnist; \
    mkdir -p "$MNIST_DIR"; \
    target/release/vardrop data fetch || echo "MNIST could not be had: the notebooks will use synthetic digits"

# --- the image ----------------------------------------------------------------------------------------------------------
FROM base AS lab
COPY Cargo.toml ./
RUN scripts/setup.sh rust \
    && useradd --uid 1000 --create-home --shell /bin/bash vardrop \
    && mkdir -p "$CARGO_HOME" \
    && chown -R vardrop: /opt/vardrop "$CARGO_HOME"
COPY --from=kernel /opt/vardrop-cache /opt/vardrop-cache
COPY --from=data /opt/vardrop/target/release/vardrop /usr/local/bin/vardrop
USER vardrop
COPY --chown=vardrop scripts/requirements.txt scripts/requirements.txt
COPY --chown=vardrop kernel/*.json kernel/
RUN scripts/setup.sh python
COPY --chown=vardrop . .
COPY --from=data --chown=vardrop /opt/vardrop/data/mnist data/mnist
# Readable for whatever user the container runs as (--user).
RUN scripts/setup.sh warm && chmod -R a+rX .cache

ENV MNIST_DIR=/opt/vardrop/data/mnist
EXPOSE 8888
HEALTHCHECK --start-period=20s --interval=10s --timeout=5s CMD [".venv/bin/python", "docker/healthcheck.py"]
ENTRYPOINT ["tini", "--", "docker/start"]
