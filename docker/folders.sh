# shellcheck shell=bash
# The folders that are written: temporary files, the home, where cells are compiled, and where notebooks are saved. Read by
# docker/start.

# Makes the folder of this start, and prints its path, which the health check knows too. The container's name is in it because
# containers may share /tmp. What a start before this one left is removed.
private_folder() {
    local folder
    folder=${TMPDIR:-/tmp}/vardrop-$(hostname)
    rm -rf "$folder" 2>/dev/null || true
    [ ! -e "$folder" ] || fail "$folder belongs to user $(stat -c %u "$folder") and is in the way: remove it on the host."
    mkdir -m 700 "$folder" 2>/dev/null ||
        fail "a folder for temporary files is needed, and ${TMPDIR:-/tmp} cannot be written. With --read-only, add" \
            "--tmpfs /tmp:exec"
    echo "$folder"
}

# Docker mounts a tmpfs so that nothing can be run from it, unless told otherwise; cells are compiled there where the
# project's own folder cannot be written.
check_that_cells_can_run() { # FOLDER FOR TEMPORARY FILES
    mkdir -p .cache/kernel/sessions 2>/dev/null || true
    [ ! -w .cache/kernel/sessions ] || return 0
    printf '#!/bin/sh\n' >"$1/program"
    chmod +x "$1/program"
    "$1/program" 2>/dev/null ||
        fail "no program can be run from ${TMPDIR:-/tmp}, where notebooks are compiled: it is mounted noexec." \
            "Use --tmpfs /tmp:exec"
}

# Says what cannot be saved in a folder and what to do about it. The server starts all the same: what is there can be
# opened and run.
check_folder() {
    local folder=$1 user owner mode
    user=$(id -u):$(id -g)
    owner=$(stat -c %u:%g "$folder")
    mode=$(stat -c %a "$folder")
    if [ ! -r "$folder" ] || [ ! -x "$folder" ]; then
        say "$folder cannot be read by user $user: it belongs to $owner (mode $mode)."
    elif [ ! -w "$folder" ]; then
        say "$folder cannot be written by user $user: it belongs to $owner (mode $mode), or is mounted read-only." \
            "What is there opens and runs, and cannot be saved."
    else
        return 0
    fi
    if [ "${owner%:*}" = 0 ]; then
        say "To change that, give the folder to this user on the host: sudo chown -R $user FOLDER"
    elif [ "${owner%:*}" != "$(id -u)" ]; then
        say "To change that, run the container as the folder's owner: docker run --user $owner …, which is" \
            "--user \$(id -u):\$(id -g) for a folder of your own."
    fi
}

# The image's own notebooks need no folder to be saved to: their changes are meant to last only if one is mounted.
check_folders() {
    local work=/vardrop notebooks=$PWD/notebooks
    if mountpoint -q "$work"; then check_folder "$work"; fi
    if mountpoint -q "$notebooks"; then
        check_folder "$notebooks"
    elif [ ! -w "$notebooks" ]; then
        say "the image's notebooks open and run, and cannot be saved. For a folder that can: -v \"\$PWD:$work\", which is" \
            "work among the notebooks, or -v vardrop:$notebooks, which is the notebooks in a volume."
    fi
}
