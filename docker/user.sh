# shellcheck shell=bash
# Whom the container runs as. Read by docker/start.
#
# As in Jupyter's own images, root (--user root) becomes the user whom NB_UID, NB_GID and NB_USER name, and NB_UMASK is
# followed. What those images offer beside that, and this one does not, is named in a line each.

# become_user COMMAND…: runs the command as that user in place of this process; returns if this process is that user already.
become_user() {
    local uid gid name=${NB_USER:-}
    uid=$(number NB_UID)
    gid=$(number NB_GID)
    if [ "$(id -u)" != 0 ]; then
        check_that_it_is_me NB_UID "$uid" "$(id -u)"
        check_that_it_is_me NB_GID "$gid" "$(id -g)"
        [ -z "$name" ] || [ "$name" = "$(id -un 2>/dev/null)" ] ||
            say "NB_USER is not followed: only root (--user root) can take another name. This is user $(id -u)."
        return 0
    fi
    if [ -z "$uid" ] && [ -n "$name" ]; then
        uid=$(id -u -- "$name" 2>/dev/null) ||
            fail "NB_USER is '$name', whom this image does not know. Say which number it is, for example -e NB_UID=1000"
    fi
    if [ "${uid:-0}" = 0 ]; then
        [ -z "$gid" ] || fail "NB_GID is set without NB_UID: set both, for example -e NB_UID=1000 -e NB_GID=$gid"
        say "this runs as root, and so do notebooks. For another user: -e NB_UID=\$(id -u), or --user in place of root."
        return 0
    fi
    gid=${gid:-$(field 4 "$uid")}
    gid=${gid:-$uid}
    [ -z "$name" ] || add_name "$name" "$uid" "$gid"
    HOME=$(field 6 "${name:-$uid}")
    export HOME=${HOME:-/}
    # The groups of --group-add stay, root's own does not.
    local groups drop
    groups=$(id -G | tr ' ' '\n' | grep -vx 0 | paste -sd,) || true
    drop=(setpriv --reuid "$uid" --regid "$gid" --no-new-privs)
    if [ -n "$groups" ]; then drop+=(--groups "$groups"); else drop+=(--clear-groups); fi
    "${drop[@]}" true || fail "root cannot become user $uid here (see above). If its capabilities were dropped, keep two:" \
        "--cap-add SETUID --cap-add SETGID; or use --user $uid:$gid in place of root and NB_UID"
    unset NB_UID NB_GID NB_USER
    exec "${drop[@]}" "$@"
}

# The number that a variable holds, or nothing.
number() {
    local value=${!1:-}
    [ -n "$value" ] || return 0
    if ! [[ $value =~ ^[0-9]{1,10}$ ]] || [ $((10#$value)) -ge 4294967295 ]; then
        fail "$1 is '$value': expected a number, such as 1000 (id -u prints yours)"
    fi
    echo $((10#$value))
}

# A field of a user's entry in the password file; empty where the user has no entry.
field() { getent passwd "$2" | cut -d: -f"$1" || true; }

check_that_it_is_me() { # VARIABLE WANTED MINE
    [ -z "$2" ] || [ "$2" = "$3" ] ||
        fail "$1 is $2, but the container runs as $3, and only root can change that. Add --user root," \
            "or leave $1 out and say --user ${NB_UID:-$(id -u)}:${NB_GID:-$(id -g)}"
}

add_name() { # NAME UID GID
    ! getent passwd "$1" >/dev/null || return 0
    getent group "$3" >/dev/null || groupadd --gid "$3" "${NB_GROUP:-$1}" || true
    useradd --no-log-init --non-unique --uid "$2" --gid "$3" --create-home --shell /bin/bash -- "$1" ||
        say "NB_USER is '$1', which could not be added to the image's users (see above): it stays user $2 without that name."
}

follow_umask() {
    [ -n "${NB_UMASK:-}" ] || return 0
    [[ $NB_UMASK =~ ^[0-7]{3,4}$ ]] || fail "NB_UMASK is '$NB_UMASK': expected three octal digits, such as 022"
    umask "$NB_UMASK"
}

name_what_is_not_followed() {
    local variable
    local -A instead=(
        [GRANT_SUDO]="the image has no sudo. From the host: docker exec --user root CONTAINER …"
        [RESTARTABLE]="let the engine restart the container: docker run --restart unless-stopped"
        [CHOWN_HOME]="give the folder to the user on the host: sudo chown -R UID:GID FOLDER"
        [CHOWN_EXTRA]="give the folders to the user on the host: sudo chown -R UID:GID FOLDER"
        [DOCKER_STACKS_JUPYTER_CMD]="JupyterLab is what starts. Name another command after the image"
    )
    for variable in "${!instead[@]}"; do
        case ${!variable:-} in
        "" | no | 0 | false) ;;
        *) say "$variable is not followed: ${instead[$variable]}." ;;
        esac
    done
    ! compgen -G '/usr/local/bin/*-notebook.d/*' >/dev/null ||
        say "the scripts in /usr/local/bin/*-notebook.d are not run. Run them in a Dockerfile that begins FROM this image."
}
