#!/bin/busybox sh
# First program of the guest: mounts what is needed, then runs what the rig sends on a virtio port, one command a line in base64, and answers with
# exit status, uptime, output and complaints, these in base64 too. The serial line is the kernel's console.
export PATH=/bin:/usr/bin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t debugfs debugfs /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing
port=
while [ -z "$port" ]; do
  for name in /sys/class/virtio-ports/*/name; do
    [ "$(cat "$name" 2> /dev/null)" = rig ] && port=$(basename "$(dirname "$name")")
  done
  [ -n "$port" ] || sleep 0.2
done
exec 3<>"/dev/$port"
echo "@ready $(uname -r)" >&3
while read -r line <&3; do
  if [ "$line" = "@off" ]; then
    poweroff -f
  fi
  echo "$line" | base64 -d > /tmp/command
  sh /tmp/command > /tmp/out 2> /tmp/err < /dev/null 3>&-
  status=$?
  read -r uptime rest < /proc/uptime
  { echo "@done $status $uptime"; echo "@out $(base64 -w 0 < /tmp/out)"; echo "@err $(base64 -w 0 < /tmp/err)"; } >&3
done
