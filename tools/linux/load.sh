#!/bin/busybox sh
# Loads the CXL drivers in the order of /modules/order, with their debug messages. With names, those alone.
for name in ${*:-$(cat /modules/order)}; do
  insmod "/modules/$name.ko" dyndbg=+p || exit 1
done
