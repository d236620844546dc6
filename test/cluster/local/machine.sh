#!/bin/sh
# The first process of a node's machine, run by machine.ts in new namespaces: makes the node's own view of the file system, then does nothing.
# NODE_NAME, NODE_DIRECTORY (its files) and NODE_CGROUP (below the root of each hierarchy) say which node.
set -eu

mount -t proc proc /proc
mount -t tmpfs -o mode=755,size=256m tmpfs /run
# kubelet's /var/log/pods and /var/log/containers are fixed paths, which the agents read.
mount -t tmpfs -o mode=755,size=512m tmpfs /var/log
mount --bind "$NODE_DIRECTORY/lib" /var/lib
hostname "$NODE_NAME"

# containerd puts every container into /k8s.io/<id>: with a root of its own a node's containers are told apart from other nodes' and clusters'.
for hierarchy in $(findmnt -rn -t cgroup,cgroup2 -o TARGET); do
  own="$hierarchy/$NODE_CGROUP"
  mkdir -p "$own"
  for child in "$(dirname "$own")" "$own"; do
    parent=$(dirname "$child")
    # Version 1: a new cpuset has no processor and no memory, and takes no process.
    if [ -e "$child/cpuset.mems" ] && [ ! -e "$child/cgroup.controllers" ]; then
      for file in cpuset.cpus cpuset.mems; do cat "$parent/$file" > "$child/$file"; done
    fi
    # Version 2: a parent hands its controllers on. Not each of them can be (rt processes keep cpu back, for one).
    if [ -e "$child/cgroup.controllers" ]; then
      for controller in $(cat "$parent/cgroup.controllers"); do
        echo "+$controller" > "$parent/cgroup.subtree_control" || echo "cgroup controller $controller isn't handed on" >&2
      done
    fi
  done
  # Instead of the machine's, not over it: runc takes the first mount that it finds of a hierarchy.
  mkdir -p /run/cgroup
  mount --bind "$own" /run/cgroup
  umount "$hierarchy"
  mount --move /run/cgroup "$hierarchy"
done

# Containers may ask for mounts that follow the node's, as below systemd; none of it reaches the host.
mount --make-rshared /

: > "$NODE_DIRECTORY/ready"
# Whoever ignores SIGCHLD needs not wait for its children: orphans leave no zombies.
exec env --ignore-signal=CHLD sleep infinity
