# JupyterLab with the project's notebooks on the Rust kernel.
#
#     docker build -t vardrop .
#     docker run --rm -p 8888:8888 vardrop                                  # prints a link with a random token
#     docker run -d -p 443:8888 -e PASSWORD=… -v "$PWD:/vardrop" vardrop    # HTTPS, with that password
#
# MNIST is taken from ./data/mnist where it is there, and downloaded otherwise. Where neither works, notebooks use the
# crate's synthetic digits. To pin the base image: --build-arg BASE=rust:1.95-slim-bookworm@sha256:…
# It follows Binder's rules too (NB_USER, NB_UID, a command in place of JupyterLab), which so builds this very image.
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
# Debian's archive keeps one version of a package for a release: a pinned one would be gone with its next security fix. The
# release is the base image's, which can be pinned.
# hadolint ignore=DL3008
RUN scripts/setup.sh packages \
    && apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends openssl tini >/dev/null \
    && rm -rf /var/lib/apt/lists/*

# --- the command line, and MNIST --------------------------------------------------------------------------------------
FROM base AS data
COPY . .
# Without the debugging information that profiles need: it is most of the program.
RUN CARGO_PROFILE_RELEASE_DEBUG=false cargo build --locked --release --bin vardrop
# A layer of its own, so that a download that failed is tried again without compiling again.
# hadolint ignore=DL3059
RUN mkdir -p data/mnist \
    && { MNIST_DIR=/opt/vardrop/data/mnist target/release/vardrop data fetch \
        || echo "MNIST could not be had: the notebooks will use synthetic digits"; }

# --- the image ----------------------------------------------------------------------------------------------------------
FROM base AS lab
# What Binder passes; any user will do.
ARG NB_USER=vardrop
ARG NB_UID=1000
COPY Cargo.toml ./
# /vardrop is for what is mounted: it is the folder `work` among the notebooks.
RUN scripts/setup.sh rust \
    && useradd --uid "${NB_UID}" --create-home --shell /bin/bash "${NB_USER}" \
    && mkdir -p "$CARGO_HOME" /vardrop \
    && chown -R "${NB_UID}" /opt/vardrop /vardrop "$CARGO_HOME"
COPY --from=kernel /opt/vardrop-cache /opt/vardrop-cache
COPY --from=data /opt/vardrop/target/release/vardrop /usr/local/bin/vardrop
# A number, by which Kubernetes sees that it is not root.
USER ${NB_UID}
ENV HOME=/home/${NB_USER}
COPY --chown=${NB_UID} scripts/requirements.txt scripts/requirements.txt
COPY --chown=${NB_UID} kernel/*.json kernel/
RUN PIP_NO_CACHE_DIR=1 scripts/setup.sh python
COPY --chown=${NB_UID} . .
COPY --from=data --chown=${NB_UID} /opt/vardrop/data/mnist data/mnist
# Readable for whatever user the container runs as (--user). Who asks for the classic notebook gets JupyterLab.
# Notebooks compile the unpacked crates in .cache; the archives that these came from are not needed again, nor what is linked on Windows.
RUN scripts/setup.sh warm \
    && rm -rf "$CARGO_HOME/registry" \
    && find .cache/kernel/crates -path '*/windows*' \( -name '*.a' -o -name '*.lib' \) -delete \
    && chmod -R a+rX .cache \
    && ln -s /vardrop notebooks/work \
    && ln -s jupyter-lab .venv/bin/jupyter-notebook

ENV MNIST_DIR=/opt/vardrop/data/mnist \
    JUPYTER_PREFER_ENV_PATH=1 \
    PATH=/opt/vardrop/.venv/bin:$PATH
EXPOSE 8888
HEALTHCHECK --start-period=20s --interval=10s --timeout=5s CMD [".venv/bin/python", "docker/healthcheck.py"]
ENTRYPOINT ["/opt/vardrop/docker/start"]

# --- for those who change the project (.devcontainer): what `make test` needs, and folders that any user can write -----
FROM lab AS dev
USER 0
# hadolint ignore=DL3008
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends git make openssh-client >/dev/null \
    && rm -rf /var/lib/apt/lists/* \
    && rustup component add clippy rustfmt \
    && chmod -R a+rwX "$CARGO_HOME"
ARG NB_UID=1000
USER ${NB_UID}

# --- what is built unless another stage is asked for --------------------------------------------------------------------
FROM lab
