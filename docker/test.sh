#!/usr/bin/env bash
# Runs the image in each way that docs/server.md names, and checks what it says and does: docker/test.sh [IMAGE]
#
# ENGINE is docker or podman; ANSWER_WITHIN the seconds in which the server has to answer (5); RUN_ARGS are added to every
# run (-v "$PWD/docker:/opt/vardrop/docker:ro" tries changed scripts in an older image).
# Needs curl and openssl, and no network but the host's own.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
image=${1:-vardrop}
for engine in "${ENGINE:-docker}" podman; do
    ! "$engine" info >/dev/null 2>&1 || break
done
"$engine" image inspect "$image" >/dev/null || exit 2
read -ra extra <<<"${RUN_ARGS:-}"
prefix=vardrop-test-$$
scratch=$(mktemp -d)
passed=0
failed=0

clean_up() {
    "$engine" ps -aq --filter "name=$prefix" | xargs -r "$engine" rm -f >/dev/null 2>&1
    "$engine" volume rm -f "$prefix" >/dev/null 2>&1
    rm -rf "$scratch"
}
trap clean_up EXIT

# claim SENTENCE COMMAND…: the sentence holds if the command does.
claim() {
    local sentence=$1
    shift
    if "$@" >"$scratch/claim" 2>&1; then
        passed=$((passed + 1))
        echo "  ok      $sentence"
    else
        failed=$((failed + 1))
        echo "  NOT OK  $sentence"
        sed 's/^/          | /' "$scratch/claim" | tail -20
        [ -z "${name:-}" ] || "$engine" logs "$name" 2>&1 | tail -20 | sed 's/^/          log | /'
    fi
}

# begin TITLE [RUN ARGUMENTS… [-- ARGUMENTS OF THE IMAGE…]]: starts a container and waits until it answers or ends.
number=0
begin() {
    echo "$1"
    shift
    number=$((number + 1))
    name=$prefix-$number
    local run=() arguments=()
    while [ $# -gt 0 ]; do
        if [ "$1" = -- ]; then
            shift
            arguments=("$@")
            break
        fi
        run+=("$1")
        shift
    done
    local publish=(-p 127.0.0.1::8888)
    [[ " ${run[*]} " != *" --network "* ]] || publish=()
    local began=$SECONDS
    "$engine" run -d --name "$name" "${publish[@]}" "${extra[@]}" "${run[@]}" "$image" "${arguments[@]}" >/dev/null || exit 2
    while "$engine" ps -q --no-trunc --filter "name=^$name\$" | grep -q . && ! answers && [ $((SECONDS - began)) -lt 60 ]; do
        sleep 0.2
    done
    waited=$((SECONDS - began))
    port=$("$engine" port "$name" 8888/tcp 2>/dev/null | head -1 | sed 's/.*://')
}
finish() {
    "$engine" rm -f "$name" >/dev/null
    name=
}
# Into a variable first: grep -q would leave the engine with a closed pipe.
log() { "$engine" logs "$name" 2>&1; }
answers() { [[ $(log) == *"is running at"* ]]; }
log_has() { [[ $(log) == *"$1"* ]] || { echo "the log lacks: $1" && return 1; }; }
log_lacks() { [[ $(log) != *"$1"* ]] || { echo "the log has: $1" && return 1; }; }

# status CODE SCHEME PATH [CURL ARGUMENTS…]
status() {
    local wanted=$1 url=$2://127.0.0.1:$port$3 found
    shift 3
    found=$(curl -sk -o /dev/null -w '%{http_code}' --max-time 10 "$@" "$url")
    echo "$url answers $found, and not $wanted"
    [ "$found" = "$wanted" ]
}
# log_in PASSWORD CODE: the answer to the login form.
log_in() {
    rm -f "$scratch/jar"
    local login=https://127.0.0.1:$port/login found
    curl -sk -c "$scratch/jar" -o /dev/null "$login"
    found=$(curl -sk -b "$scratch/jar" -c "$scratch/jar" -o /dev/null -w '%{http_code}' --max-time 20 "$login" \
        --data-urlencode "password=$1" --data-urlencode "_xsrf=$(awk '$6 == "_xsrf" {print $7}' "$scratch/jar")")
    echo "the login answers $found, and not $2"
    [ "$found" = "$2" ]
}
fingerprint() { openssl x509 -noout -fingerprint -sha256 "$@" | sed 's/.*=//'; }
served() { openssl s_client -connect "127.0.0.1:$port" </dev/null 2>/dev/null | fingerprint; }
same() { [ "$1" = "$2" ] || { echo "$1" "$2" && return 1; }; }
healthy() { "$engine" exec "$name" .venv/bin/python docker/healthcheck.py; }
exited() { ! "$engine" ps -q --filter "name=^$name\$" | grep -q .; }
faster_than() { echo "it took $waited s" && [ "$waited" -le "$1" ]; }

# No process of the container has a secret in its environment; the one that looks does not count.
no_secret_in() {
    local found
    # shellcheck disable=SC2016 # for the container's shell
    found=$("$engine" exec "$name" env -u PASSWORD -u JUPYTER_TOKEN sh -c \
        'cat /proc/[0-9]*/environ 2>/dev/null | tr "\0" "\n" | grep -E "^(PASSWORD|JUPYTER_TOKEN)="')
    [ -z "$found" ] || { echo "$found" && return 1; }
}
# The kernel that is started where none is named.
start_kernel() {
    curl -sk "$@" -X POST "$kernels" | grep -q '"name": *"rust"' || return
    # Until it has compiled its first cell, it is starting.
    for _ in $(seq 60); do
        ! "$engine" exec "$name" sh -c 'cat /proc/[0-9]*/comm' | grep -q evcxr || return 0
        sleep 1
    done
    return 1
}

# A cell that uses the crate runs; says how long each took.
runs_cells() {
    "$engine" exec -i "$name" env HOME=/tmp .venv/bin/python - <<'PYTHON'
import sys
sys.path.insert(0, "scripts")
from kernel_session import session, show, stream_text
cells = [
    ':dep vardrop = { path = "..", default-features = false, features = ["notebook"] }',
    'println!("{} methods", vardrop::Method::ALL.len());',
]
with session("notebooks") as kernel:
    for cell in cells:
        outputs, seconds = kernel.execute(cell, 300)
        print(f"{seconds:.2f} s", *show(outputs))
sys.exit("8 methods" not in stream_text(outputs, "stdout"))
PYTHON
}

# As whom tini runs, and so the server.
runs_as() { same "$1" "$("$engine" exec "$name" stat -c %u:%g /proc/1)"; }
# server SIGNAL: sends it to JupyterLab, which is tini's only child.
server() { "$engine" exec "$name" sh -c "kill -$1 \$(cat /proc/1/task/1/children)"; }
ill() { ! healthy; }
# refused TITLE WORDS [RUN ARGUMENTS…]: the container ends, and says WORDS.
refused() {
    local title=$1 words=$2
    shift 2
    begin "$title" "$@"
    claim "ends with the reason" exited
    claim "which is: $words" log_has "$words"
    finish
}

make_certificate() { # NAME
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$1" -keyout "$scratch/$1-key.pem" -out "$scratch/$1.pem" 2>/dev/null
    chmod 644 "$scratch/$1-key.pem"
}
chmod 755 "$scratch"
echo "in a file" >"$scratch/password"

begin "nothing said: a random token"
claim "it answers within ${ANSWER_WITHIN:-5} s" faster_than "${ANSWER_WITHIN:-5}"
claim "the log has a link with a token" log_has "/lab?token="
claim "without the token nobody gets in" status 403 http /api/contents
token=$("$engine" logs "$name" 2>&1 | sed -n 's/.*token=\([0-9a-f]\{20,\}\).*/\1/p' | head -1)
claim "with it, one does" status 200 http "/api/contents?token=$token"
claim "another one does not do" status 403 http "/api/contents?token=$(tr 0-9a-f 1-9a-f0 <<<"$token")"
claim "the health check passes" healthy
claim "the user is 1000, and tini the first process" same "1000 tini" \
    "$("$engine" exec "$name" id -u) $("$engine" exec "$name" cat /proc/1/comm)"
claim "nothing is wrong with a folder" log_lacks "vardrop:"
claim "a notebook can be saved" "$engine" exec "$name" touch "notebooks/Opening Results.ipynb"
claim "cells run" runs_cells
sed 's/^/          /' "$scratch/claim"
stopping=$SECONDS
"$engine" stop -t 30 "$name" >/dev/null
claim "it stops when told to" test $((SECONDS - stopping)) -lt 10
finish

begin "JUPYTER_TOKEN" -e JUPYTER_TOKEN=a-token
claim "with the token one gets in" status 200 http "/api/contents?token=a-token"
claim "without it nobody does" status 403 http /api/contents
claim "the log does not show it" log_lacks a-token
kernels="http://127.0.0.1:$port/api/kernels?token=a-token"
claim "a kernel starts" start_kernel
claim "no process has the token in its environment, the kernel neither" no_secret_in
finish

begin "PASSWORD: HTTPS" -e "PASSWORD=correct horse"
claim "it answers within ${ANSWER_WITHIN:-5} s" faster_than "${ANSWER_WITHIN:-5}"
claim "HTTP is not served" status 000 http /
claim "the wrong password is refused" log_in "wrong horse" 401
claim "and opens nothing" status 403 https /api/contents -b "$scratch/jar"
claim "the right one is let in" log_in "correct horse" 302
claim "and opens the notebooks" status 200 https /api/contents -b "$scratch/jar"
claim "a token is no second way in" status 403 https "/api/contents?token="
claim "the log has the fingerprint of the certificate that is served" log_has "$(served)"
claim "the health check passes" healthy
kernels="https://127.0.0.1:$port/api/kernels"
xsrf=$(awk '$6 == "_xsrf" {print $7}' "$scratch/jar")
claim "a kernel starts" start_kernel -b "$scratch/jar" -H "X-XSRFToken: $xsrf"
claim "no process has the password in its environment, the kernel neither" no_secret_in
claim "the log does not show it" log_lacks "correct horse"
finish

make_certificate mounted
make_certificate other
own=(-v "$scratch/mounted.pem:/etc/vardrop/tls/cert.pem:ro" -v "$scratch/mounted-key.pem:/etc/vardrop/tls/key.pem:ro")
begin "a mounted certificate" -e PASSWORD=p "${own[@]}"
claim "is the one that is served" same "$(served)" "$(fingerprint -in "$scratch/mounted.pem")"
claim "none is made" log_lacks "signed by itself"
finish
begin "a mounted certificate, and a token" -e JUPYTER_TOKEN=t "${own[@]}"
claim "is served too" same "$(served)" "$(fingerprint -in "$scratch/mounted.pem")"
finish
refused "a certificate with another key" "key.pem is not the key of /etc/vardrop/tls/cert.pem" -e PASSWORD=p "${own[@]:0:2}" \
    -v "$scratch/other-key.pem:/etc/vardrop/tls/key.pem:ro"
refused "a certificate without a key" "has cert.pem but no key.pem" -e PASSWORD=p "${own[@]:0:2}"

# A folder, as it is mounted.
tls=$scratch/tls
mounted=(-e PASSWORD=p -v "$tls:/etc/vardrop/tls:ro")
fill() { # CERTIFICATE KEY [FOLDER]
    rm -rf "$tls"
    mkdir -p "${3:-$tls}"
    cp "$scratch/mounted.pem" "${3:-$tls}/$1"
    cp "$scratch/mounted-key.pem" "${3:-$tls}/$2"
}
for names in "tls.crt tls.key" "fullchain.pem privkey.pem" "server.crt server.key"; do
    # shellcheck disable=SC2086 # two words
    fill $names "$tls/..2026"
    ln -s ..2026 "$tls/..data"
    for file in $names; do ln -s "..data/$file" "$tls/$file"; done
    begin "$names, links as a Kubernetes secret has them" "${mounted[@]}"
    claim "are the ones that are served" same "$(served)" "$(fingerprint -in "$scratch/mounted.pem")"
    claim "the health check passes" healthy
    finish
done
fill cert.pem key.pem
cp "$scratch/other.pem" "$tls/tls.crt"
cp "$scratch/other-key.pem" "$tls/tls.key"
refused "two certificates" "several certificates (cert.pem, tls.crt)" "${mounted[@]}"
rm "$tls"/*
refused "an empty folder" "/etc/vardrop/tls is empty" "${mounted[@]}"
touch "$tls/site.crt"
refused "other names" "only site.crt. Put the certificate and its key there as cert.pem and key.pem, tls.crt and" "${mounted[@]}"
refused "the folder one level too high" "mount the certificate's folder as /etc/vardrop/tls" -v "$tls:/etc/vardrop:ro"
fill fullchain.pem key.pem
ln -s ../../archive/privkey1.pem "$tls/privkey.pem"
refused "Let's Encrypt's links without what they point to" "is a link to ../../archive/privkey1.pem" "${mounted[@]}"
fill cert.pem key.pem
rm "$tls/key.pem" && mkdir "$tls/key.pem"
refused "a folder where a file should be" "key.pem is a folder" "${mounted[@]}"
fill cert.pem key.pem
chmod 600 "$tls/key.pem"
refused "a key that the user cannot read" "key.pem cannot be read by user 1000" "${mounted[@]}"
fill cert.pem key.pem
openssl pkey -in "$scratch/mounted-key.pem" -aes256 -passout pass:x -out "$tls/key.pem"
chmod 644 "$tls/key.pem"
refused "a key with a passphrase" "key.pem has a passphrase" "${mounted[@]}"
fill cert.pem key.pem
openssl x509 -in "$scratch/mounted.pem" -outform DER -out "$tls/cert.pem"
refused "DER" "cert.pem is not PEM" "${mounted[@]}"
openssl x509 -in "$scratch/mounted.pem" -signkey "$scratch/mounted-key.pem" -days 0 -out "$tls/cert.pem" 2>/dev/null
sleep 1
begin "a certificate that has expired" "${mounted[@]}"
claim "is served" same "$(served)" "$(fingerprint -in "$tls/cert.pem")"
claim "with a warning" log_has "cert.pem expired on"
finish

begin "secrets in files" -e PASSWORD_FILE=/run/password -v "$scratch/password:/run/password:ro"
claim "the password is the file's" log_in "in a file" 302
finish
refused "a secret that is not there" "PASSWORD_FILE is /run/password" -e PASSWORD_FILE=/run/password
refused "a configuration in place of the image's" "JUPYTER_CONFIG_PATH=FOLDER" -e PASSWORD=p -- --config=/mine.py

begin "another port, base URL and address, and HTTPS" -e GEN_CERT=yes -e NOTEBOOK_ARGS="--ServerApp.base_url=/a/b" -- \
    --port=9999 --ip=127.0.0.1
claim "the health check passes" healthy
server STOP
claim "and fails while the server hangs" ill
server CONT
finish
for _ in first second; do
    begin "a port of the environment's" -e JUPYTER_PORT=18888 -e NB_PREFIX=/prefix --network host
    claim "the health check passes" healthy
    taken=${taken:-$name}
done
claim "the second took the next port" log_has "0.0.0.0:18889/prefix"
"$engine" rm -f "$taken" >/dev/null
finish
begin "a socket" --read-only --tmpfs /tmp:exec -- --ServerApp.sock=/tmp/socket
claim "the health check passes" healthy
finish

begin "another user, a read-only root and no network, all at once" --user 4242:4242 --read-only --tmpfs /tmp:exec --network none
claim "it answers" answers
claim "the health check passes" healthy
claim "it says what cannot be saved" log_has "the image's notebooks open and run, and cannot be saved"
claim "cells run" runs_cells
sed 's/^/          /' "$scratch/claim"
finish
begin "no network" --network none
claim "it answers" answers
claim "cells run" runs_cells
sed 's/^/          /' "$scratch/claim"
finish
begin "a user who is root" --user 0:0 -e JUPYTER_TOKEN=t
claim "is let be" status 200 http "/api/contents?token=t"
claim "with a word about it" log_has "this runs as root, and so do notebooks"
finish
begin "root, and NB_UID" --user root -e NB_UID=4242 -e NB_GID=100 -e NB_USER=somebody -e JUPYTER_TOKEN=t
claim "is followed" runs_as 4242:100
claim "under that name" same somebody "$("$engine" exec --user 4242 "$name" id -un)"
claim "it answers" status 200 http "/api/contents?token=t"
claim "the health check passes" healthy
finish
begin "the same with what compose.yaml drops" --user root -e NB_UID=4242 --read-only --tmpfs /tmp:exec --cap-drop ALL \
    --cap-add SETUID --cap-add SETGID --security-opt no-new-privileges
claim "is followed" runs_as 4242:4242
claim "the health check passes" healthy
finish
refused "without the capabilities for it" "--cap-add SETUID --cap-add SETGID" --user root -e NB_UID=4242 --cap-drop ALL
refused "NB_UID without root" "only root can change that. Add --user root" -e NB_UID=4242
refused "NB_UID that is no number" "expected a number" --user root -e NB_UID=somebody
begin "what this image does not follow" -e GRANT_SUDO=yes -e RESTARTABLE=yes -e NB_UID=1000
claim "is named" log_has "GRANT_SUDO is not followed"
claim "each" log_has "RESTARTABLE is not followed"
finish
begin "a read-only root, and a /tmp that nothing runs from" --read-only --tmpfs /tmp:noexec
claim "ends with the reason" exited
claim "and says what to do" log_has "Use --tmpfs /tmp:exec"
finish

mkdir "$scratch/mine" "$scratch/roots" "$scratch/closed"
echo '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}' | tee "$scratch"/{mine,roots,closed}/own.ipynb >/dev/null
chown -R 1000:1000 "$scratch/mine"
chmod 755 "$scratch/roots"
chmod 700 "$scratch/closed"
put() { status "$1" http "/api/contents/work/new.ipynb?token=t" -X PUT -H 'Content-Type: application/json' \
    -d '{"type": "notebook", "content": {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}}'; }
begin "a work folder of the user's" -e JUPYTER_TOKEN=t -v "$scratch/mine:/vardrop"
claim "its notebooks open" status 200 http "/api/contents/work/own.ipynb?token=t"
claim "a notebook is saved there" put 201
claim "and is on the host" test -s "$scratch/mine/new.ipynb"
claim "nothing is wrong with it" log_lacks "vardrop:"
finish
begin "a work folder of root's" -e JUPYTER_TOKEN=t -v "$scratch/roots:/vardrop"
claim "it is named, with the user and the owner" log_has "/vardrop cannot be written by user 1000:1000: it belongs to 0:0 (mode 755)"
claim "with what to do" log_has "sudo chown -R 1000:1000"
claim "its notebooks open" status 200 http "/api/contents/work/own.ipynb?token=t"
claim "and cannot be saved" put 403
finish
begin "a work folder of another user's" -e JUPYTER_TOKEN=t --user 4242:4242 -v "$scratch/mine:/vardrop"
claim "the remedy names its owner" log_has "docker run --user 1000:1000"
finish
begin "a work folder that cannot be read" -e JUPYTER_TOKEN=t -v "$scratch/closed:/vardrop"
claim "it is named" log_has "/vardrop cannot be read by user 1000:1000: it belongs to 0:0 (mode 700)"
claim "the server runs" status 200 http "/api/contents?token=t"
finish
begin "the notebooks in a volume" -e JUPYTER_TOKEN=t --read-only --tmpfs /tmp:exec --cap-drop ALL \
    --security-opt no-new-privileges -v "$prefix:/opt/vardrop/notebooks"
claim "are there" status 200 http "/api/contents/Opening%20Results.ipynb?token=t"
claim "and can be saved" "$engine" exec "$name" touch "notebooks/Opening Results.ipynb"
claim "nothing is wrong with them" log_lacks "vardrop:"
finish

begin "as Binder starts it" --user 1000 -- jupyter notebook --ip=0.0.0.0 --port=8888 --ServerApp.token=t \
    --NotebookApp.default_url=/lab
claim "JupyterLab answers" status 200 http "/lab?token=t"
claim "with the kernel of the notebooks" status 200 http "/api/kernelspecs/rust?token=t"
finish
# Whose words end the wait.
begin "a command" -- sh -c 'echo it is running at all; sleep 60'
claim "is healthy" healthy
finish
name=
claim "the command line is there: vardrop train" "$engine" run --rm "${extra[@]}" "$image" \
    vardrop train --method none --hidden 20 --epochs 1 --data synthetic

echo "$passed claims hold, $failed do not"
[ "$failed" = 0 ]
