import type {CommandSpec} from './command.ts';

const HELP_LONG = {help: 'h'} as const;

/** The subcommands that work, in xl's order. Words and layout are xl's. @see golden/cli/xl-help-all.txt */
export const COMMANDS: readonly CommandSpec[] = [
  {
    name: 'create',
    usage: '<ConfigFile> [options] [vars]',
    summary: 'Create a domain from config file <filename>',
    optionHelp: `-c                      Connect to the console after the domain is created.
-d                      Enable debug messages.
-e                      Do not wait in the background for the death of the domain.
-F                      Run in foreground until death of the domain.
-f FILE, --defconfig=FILE
                     Use the given configuration file.
-h                      Print this help.
-n, --dryrun            Dry run - prints the resulting configuration
                         (deprecated in favour of global -N option).
-p                      Leave the domain paused after it is created.
-q, --quiet             Quiet.
-V, --vncviewer         Connect to the VNC display after the domain is created.
-A, --vncviewer-autopass
                        Pass VNC password to viewer via stdin.
--ignore-global-affinity-masks Ignore global masks in xl.conf.`,
    modifies: true,
    dryRun: true,
    minOperands: 0,
    operandFirst: true,
    short: 'hAFVcdef:inpq',
    long: {
      ...HELP_LONG,
      dryrun: 'n',
      quiet: 'q',
      defconfig: 'f',
      vncviewer: 'V',
      'vncviewer-autopass': 'A',
      'ignore-global-affinity-masks': 'i',
    },
    load: () => import('./commands/create.ts'),
  },
  {
    name: 'list',
    usage: '[options] [Domain]\n',
    summary: 'List information about all/some domains',
    optionHelp: `-l, --long              Output all VM details
-v, --verbose           Prints out UUIDs and security context
-Z, --context           Prints out security context
-c, --cpupool           Prints the cpupool the domain is in
-n, --numa              Prints out NUMA node affinity`,
    minOperands: 0,
    short: 'hlvZcn',
    long: {...HELP_LONG, long: 'l', verbose: 'v', context: 'Z', cpupool: 'c', numa: 'n'},
    load: () => import('./commands/list.ts'),
  },
  {
    name: 'destroy',
    usage: '[options] <Domain>\n',
    summary: 'Terminate a domain immediately',
    optionHelp: `-f                      Permit destroying domain 0, which will only succeed
                        when run from disaggregated toolstack domain with a
                        hardware domain distinct from domain 0.`,
    modifies: true,
    minOperands: 1,
    short: 'hf',
    long: HELP_LONG,
    load: () => import('./commands/destroy.ts'),
  },
  {
    name: 'shutdown',
    usage: '[options] <-a|Domain>',
    summary: 'Issue a shutdown signal to a domain',
    optionHelp: `-a, --all               Shutdown all guest domains.
-h                      Print this help.
-F                      Fallback to ACPI power event for HVM guests with
                        no PV drivers.
-w, --wait              Wait for guest(s) to shutdown.
`,
    modifies: true,
    minOperands: 0,
    short: 'hawF',
    long: {...HELP_LONG, all: 'a', wait: 'w'},
    load: () => import('./commands/shutdown.ts'),
  },
  {
    name: 'reboot',
    usage: '[options] <-a|Domain>',
    summary: 'Issue a reboot signal to a domain',
    optionHelp: `-a, --all               Shutdown all guest domains.
-h                      Print this help.
-F                      Fallback to ACPI reset event for HVM guests with
                        no PV drivers.
-w, --wait              Wait for guest(s) to reboot.
`,
    modifies: true,
    minOperands: 0,
    short: 'hawF',
    long: {...HELP_LONG, all: 'a', wait: 'w'},
    load: () => import('./commands/reboot.ts'),
  },
  {
    name: 'pause',
    usage: '<Domain>',
    summary: 'Pause execution of a domain',
    modifies: true,
    minOperands: 1,
    short: 'h',
    long: HELP_LONG,
    load: () => import('./commands/pause.ts'),
  },
  {
    name: 'unpause',
    usage: '<Domain>',
    summary: 'Unpause a paused domain',
    modifies: true,
    minOperands: 1,
    short: 'h',
    long: HELP_LONG,
    load: () => import('./commands/unpause.ts'),
  },
  {
    name: 'console',
    usage: `[options] <Domain>
-t <type>       console type, pv , serial or vuart
-n <number>     console number`,
    summary: "Attach to domain's console",
    minOperands: 1,
    short: 'hn:t:e:',
    long: HELP_LONG,
    load: () => import('./commands/console.ts'),
  },
  {
    name: 'vm-list',
    usage: '',
    summary: 'List guest domains, excluding dom0, stubdoms, etc.',
    minOperands: 0,
    short: 'h',
    long: HELP_LONG,
    load: () => import('./commands/vm-list.ts'),
  },
  {
    name: 'info',
    usage: '-n, --numa         List host NUMA topology information',
    summary: 'Get information about Xen host',
    minOperands: 0,
    short: 'hn',
    long: {...HELP_LONG, numa: 'n'},
    load: () => import('./commands/info.ts'),
  },
  {
    name: 'domid',
    usage: '<DomainName>',
    summary: 'Convert a domain name to domain id',
    minOperands: 1,
    short: 'h',
    long: HELP_LONG,
    load: () => import('./commands/domid.ts'),
  },
  {
    name: 'domname',
    usage: '<DomainId>',
    summary: 'Convert a domain id to domain name',
    minOperands: 1,
    short: 'h',
    long: HELP_LONG,
    load: () => import('./commands/domname.ts'),
  },
  {
    name: 'rename',
    usage: '<Domain> <NewDomainName>',
    summary: 'Rename a domain',
    modifies: true,
    minOperands: 2,
    short: 'h',
    long: HELP_LONG,
    load: () => import('./commands/rename.ts'),
  },
  {
    name: 'dmesg',
    usage: '[-c]',
    summary: 'Read and/or clear dmesg buffer',
    optionHelp: '  -c                        Clear dmesg buffer as well as printing it',
    minOperands: 0,
    short: 'hc',
    long: {...HELP_LONG, clear: 'c'},
    load: () => import('./commands/dmesg.ts'),
  },
  {
    name: 'network-attach',
    usage:
      '<Domain> [type=<type>] [mac=<mac>] [bridge=<bridge>] [ip=<ip>] [script=<script>] [backend=<BackDomain>] ' +
      '[vifname=<name>] [rate=<rate>] [model=<model>] [accel=<accel>] [mtu=<mtu>]',
    summary: 'Create a new virtual network device',
    modifies: true,
    dryRun: true,
    minOperands: 1,
    short: 'h',
    long: HELP_LONG,
    load: () => import('./commands/network-attach.ts'),
  },
  {
    name: 'network-list',
    usage: '<Domain(s)>',
    summary: 'List virtual network interfaces for a domain',
    minOperands: 1,
    short: 'h',
    long: HELP_LONG,
    load: () => import('./commands/network-list.ts'),
  },
  {
    name: 'network-detach',
    usage: '<Domain> <DevId|mac>',
    summary: "Destroy a domain's virtual network device",
    modifies: true,
    minOperands: 2,
    short: 'h',
    long: HELP_LONG,
    load: () => import('./commands/network-detach.ts'),
  },
  {
    name: 'block-attach',
    usage: '<Domain> <disk-spec-component(s)>...',
    summary: 'Create a new virtual block device',
    modifies: true,
    dryRun: true,
    minOperands: 2,
    short: 'h',
    long: HELP_LONG,
    load: () => import('./commands/block-attach.ts'),
  },
  {
    name: 'block-list',
    usage: '<Domain(s)>',
    summary: 'List virtual block devices for a domain',
    minOperands: 1,
    short: 'h',
    long: HELP_LONG,
    load: () => import('./commands/block-list.ts'),
  },
  {
    name: 'block-detach',
    usage: '[option] <Domain> <DevId>',
    summary: "Destroy a domain's virtual block device",
    optionHelp: '-f, --force        do not wait for the domain to release the device',
    modifies: true,
    minOperands: 2,
    short: 'hf',
    long: {...HELP_LONG, force: 'f'},
    load: () => import('./commands/block-detach.ts'),
  },
  {
    name: 'uptime',
    usage: '[-s] [Domain]',
    summary: 'Print uptime for all/some domains',
    minOperands: 0,
    short: 'hs',
    long: HELP_LONG,
    load: () => import('./commands/uptime.ts'),
  },
];

/** The other commands of xl 4.17: their names count when an abbreviation is looked up. */
export const UNSUPPORTED: readonly string[] = (
  'config-update pci-attach pci-detach pci-list pci-assignable-add pci-assignable-remove pci-assignable-list vncviewer ' +
  'save migrate restore migrate-receive dump-core cd-insert cd-eject mem-max mem-set button-press vcpu-list vcpu-pin ' +
  'vcpu-set sharing sched-credit sched-credit2 sched-rtds trigger sysrq debug-keys set-parameters top channel-list ' +
  'vtpm-attach vtpm-list vtpm-detach vkb-attach vkb-list vkb-detach vdispl-attach vdispl-list vdispl-detach ' +
  'vsnd-attach vsnd-list vsnd-detach claims cpupool-create cpupool-list cpupool-destroy cpupool-rename ' +
  'cpupool-cpu-add cpupool-cpu-remove cpupool-migrate cpupool-numa-split getenforce setenforce loadpolicy remus devd ' +
  'psr-hwinfo psr-cmt-attach psr-cmt-detach psr-cmt-show psr-cat-set psr-cat-show psr-mba-set psr-mba-show ' +
  'usbctrl-attach usbctrl-detach usbdev-attach usbdev-detach usb-list qemu-monitor-command'
).split(' ');

/** The full name that a name or a unique beginning of one stands for. */
export const findCommandName = (word: string): string | undefined => {
  const names = [...COMMANDS.map(({name}) => name), ...UNSUPPORTED].filter((name) => name.startsWith(word));
  return names.includes(word) ? word : names.length === 1 ? names[0] : undefined;
};

export const findCommand = (name: string): CommandSpec | undefined => COMMANDS.find((spec) => spec.name === name);
