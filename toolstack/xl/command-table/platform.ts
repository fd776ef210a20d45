import type {CommandSpec} from '../command.ts';
import {HELP_LONG} from './help-long.ts';

/** Security module, daemons, and hardware: in xl's order. @see golden/cli/xl-help-all.txt */
export const PLATFORM_COMMANDS: readonly CommandSpec[] = [
  {
    name: 'getenforce',
    usage: '',
    summary: 'Returns the current enforcing mode of the Flask Xen security module',
    minOperands: 0,
    short: 'h',
    long: HELP_LONG,
    load: () => import('../commands/getenforce.ts'),
  },
  {
    name: 'setenforce',
    usage: '<1|0|Enforcing|Permissive>',
    summary: 'Sets the current enforcing mode of the Flask Xen security module',
    modifies: true,
    minOperands: 0,
    short: 'h',
    long: HELP_LONG,
    refuses: 'there is no Flask policy',
  },
  {
    name: 'loadpolicy',
    usage: '<policy file>',
    summary: 'Loads a new policy into the Flask Xen security module',
    modifies: true,
    minOperands: 0,
    short: 'h',
    long: HELP_LONG,
    refuses: 'there is no Flask policy',
  },
  {
    name: 'remus',
    usage: '[options] <Domain> [<host>]',
    summary: 'Enable Remus HA for domain',
    optionHelp: `-i MS                   Checkpoint domain memory every MS milliseconds (def. 200ms).
-u                      Disable memory checkpoint compression.
-s <sshcommand>         Use <sshcommand> instead of ssh.  String will be passed
                        to sh. If empty, run <host> instead of 
                        ssh <host> xl migrate-receive -r [-e]
-e                      Do not wait in the background (on <host>) for the death
                        of the domain.
-N <netbufscript>       Use netbufscript to setup network buffering instead of the
                        default script (/etc/xen/scripts/remus-netbuf-setup).
-F                      Enable unsafe configurations [-b|-n|-d flags]. Use this option
                        with caution as failover may not work as intended.
-b                      Replicate memory checkpoints to /dev/null (blackhole).
                        Works only in unsafe mode.
-n                      Disable network output buffering. Works only in unsafe mode.
-d                      Disable disk replication. Works only in unsafe mode.
-c                      Enable COLO HA. It is conflict with -i and -b, and memory
                        checkpoint must be disabled.
-p                      Use COLO userspace proxy.`,
    modifies: true,
    minOperands: 2,
    short: 'hFbundi:s:N:ecp',
    long: HELP_LONG,
    refuses: 'there is no checkpointing to another host',
  },
  {
    name: 'devd',
    usage: '[options]',
    summary: 'Daemon that listens for devices and launches backends',
    optionHelp: `-F                      Run in the foreground.
-p, --pidfile [FILE]    Write PID to pidfile when daemonizing.`,
    modifies: true,
    minOperands: 0,
    short: 'hFp:',
    long: {...HELP_LONG, pidfile: 'p'},
    refuses: 'hotplug scripts run by themselves, in dom0 and in driver domains',
  },
  {
    name: 'psr-hwinfo',
    usage: '[options]',
    summary: 'Show hardware information for Platform Shared Resource',
    optionHelp: `-m, --cmt       Show Cache Monitoring Technology (CMT) hardware info
-a, --cat       Show Cache Allocation Technology (CAT) hardware info
-b, --mba       Show Memory Bandwidth Allocation (MBA) hardware info
`,
    modifies: true,
    minOperands: 0,
    short: 'hmab',
    long: {...HELP_LONG, cmt: 'm', cat: 'a', mba: 'b'},
    refuses: 'the simulated CPUs have no Platform Shared Resource features',
  },
  {
    name: 'psr-cmt-attach',
    usage: '<Domain>',
    summary: 'Attach Cache Monitoring Technology service to a domain',
    modifies: true,
    minOperands: 1,
    short: 'h',
    long: HELP_LONG,
    refuses: 'the simulated CPUs have no Platform Shared Resource features',
  },
  {
    name: 'psr-cmt-detach',
    usage: '<Domain>',
    summary: 'Detach Cache Monitoring Technology service from a domain',
    modifies: true,
    minOperands: 1,
    short: 'h',
    long: HELP_LONG,
    refuses: 'the simulated CPUs have no Platform Shared Resource features',
  },
  {
    name: 'psr-cmt-show',
    usage: '<PSR-CMT-Type> <Domain>',
    summary: 'Show Cache Monitoring Technology information',
    optionHelp: `Available monitor types:
"cache-occupancy":         Show L3 cache occupancy(KB)
"total-mem-bandwidth":     Show total memory bandwidth(KB/s)
"local-mem-bandwidth":     Show local memory bandwidth(KB/s)
`,
    modifies: true,
    minOperands: 1,
    short: 'h',
    long: HELP_LONG,
    refuses: 'the simulated CPUs have no Platform Shared Resource features',
  },
  {
    name: 'psr-cat-set',
    usage: '[options] <Domain> <CBM>',
    summary: 'Set cache capacity bitmasks(CBM) for a domain',
    optionHelp: `-s <socket>       Specify the socket to process, otherwise all sockets are processed
-l <level>        Specify the cache level to process, otherwise L3 cache is processed
-c                Set code CBM if CDP is supported
-d                Set data CBM if CDP is supported
`,
    modifies: true,
    minOperands: 2,
    short: 'hs:l:cd',
    long: {...HELP_LONG, socket: 's', level: 'l', code: 'c', data: 'd'},
    refuses: 'the simulated CPUs have no Platform Shared Resource features',
  },
  {
    name: 'psr-cat-show',
    usage: '[options] <Domain>',
    summary: 'Show Cache Allocation Technology information',
    optionHelp: `-l <level>        Specify the cache level to process, otherwise L3 cache is processed
`,
    modifies: true,
    minOperands: 0,
    short: 'hl:',
    long: {...HELP_LONG, level: 'l'},
    refuses: 'the simulated CPUs have no Platform Shared Resource features',
  },
  {
    name: 'psr-mba-set',
    usage: '[options] <Domain> <THRTL>',
    summary: 'Set throttling value (THRTL) for a domain',
    optionHelp: `-s <socket>       Specify the socket to process, otherwise all sockets are processed
`,
    modifies: true,
    minOperands: 0,
    short: 'hs:',
    long: {...HELP_LONG, socket: 's'},
    refuses: 'the simulated CPUs have no Platform Shared Resource features',
  },
  {
    name: 'psr-mba-show',
    usage: '<Domain>',
    summary: 'Show Memory Bandwidth Allocation information',
    modifies: true,
    minOperands: 0,
    short: 'h',
    long: HELP_LONG,
    refuses: 'the simulated CPUs have no Platform Shared Resource features',
  },
  {
    name: 'usbctrl-attach',
    usage: '<Domain> [type=pv] [version=<version>] [ports=<number>]',
    summary: 'Create a virtual USB controller for a domain',
    modifies: true,
    minOperands: 1,
    short: 'h',
    long: HELP_LONG,
    refuses: 'pvsim has no USB devices',
  },
  {
    name: 'usbctrl-detach',
    usage: '<Domain> <DevId>',
    summary: 'Remove the virtual USB controller specified by <DevId> for a domain',
    modifies: true,
    minOperands: 2,
    short: 'h',
    long: HELP_LONG,
    refuses: 'pvsim has no USB devices',
  },
  {
    name: 'usbdev-attach',
    usage: '<Domain> hostbus=<busnum> hostaddr=<devnum> [controller=<DevId> [port=<port>]]',
    summary: 'Attach a USB device to a domain',
    modifies: true,
    minOperands: 2,
    short: 'h',
    long: HELP_LONG,
    refuses: 'pvsim has no USB devices',
  },
  {
    name: 'usbdev-detach',
    usage: '<Domain> <controller> <port>',
    summary: 'Detach a USB device from a domain',
    modifies: true,
    minOperands: 3,
    short: 'h',
    long: HELP_LONG,
    refuses: 'pvsim has no USB devices',
  },
  {
    name: 'usb-list',
    usage: '<Domain>',
    summary: 'List information about all USB controllers and devices for a domain',
    minOperands: 1,
    short: 'h',
    long: HELP_LONG,
    load: () => import('../commands/usb-list.ts'),
  },
  {
    name: 'qemu-monitor-command',
    usage: '<Domain> <Command>',
    summary: 'Issue a qemu monitor command to the device model of a domain',
    modifies: true,
    minOperands: 2,
    short: 'h',
    long: HELP_LONG,
    refuses: 'there is no QEMU',
  },
];
