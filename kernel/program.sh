# Read by settings.sh and build: which kernel, and where its program is. It is built once for a user, whatever the number
# of clones.

evcxr_version=0.22.0
kernel_home=${VARDROP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vardrop}/evcxr_jupyter-$evcxr_version
kernel_program=$kernel_home/bin/evcxr_jupyter
