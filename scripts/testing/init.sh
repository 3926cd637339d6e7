#!/bin/sh
# First process of a guest: mounts what a running Debian has, loads the modules that the job asked for, runs
# /job/run and turns the machine off. The lines that start with @@ are read by machine.mjs on the other side.
export PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin HOME=/root LANG=C.UTF-8
busybox mkdir -p /proc /sys /dev /tmp /run
busybox mount -t proc proc /proc
busybox mount -t sysfs sysfs /sys
busybox mount -t devtmpfs devtmpfs /dev
busybox stty -F /dev/ttyS0 raw -echo
echo "@@up"
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /run
mount -t securityfs securityfs /sys/kernel/security
mount -t debugfs debugfs /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing
mount -t bpf bpf /sys/fs/bpf
mount -t cgroup2 cgroup2 /sys/fs/cgroup
ln -sf /proc/self/fd /dev/fd
hostname guest
ip link set lo up
for module in $(cat /job/modules); do
  insmod "/modules/$module.ko" || echo "@@warning insmod $module failed"
done
cd /bpfkit
echo "@@run"
sh /job/run </dev/null 2>&1 | cat
echo "@@exit $(cat /run/exit 2>/dev/null || echo 255)"
# Setting a terminal's mode waits until all that was written to it has left (TCSADRAIN); turning off does not.
busybox stty -F /dev/ttyS0 raw -echo
poweroff -f
