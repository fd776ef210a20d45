import type {CommandSpec} from '../command.ts';
import {HELP_LONG} from './help-long.ts';

/** Making domains and ending them: in xl's order. @see golden/cli/xl-help-all.txt */
export const DOMAINS_COMMANDS: readonly CommandSpec[] = [
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
    operandsFirst: 1,
    short: 'hAFVcdef:inpq',
    long: {
      ...HELP_LONG,
      dryrun: 'n',
      quiet: 'q',
      defconfig: 'f',
      vncviewer: 'V',
      'vncviewer-autopass': 'A',
      'ignore-global-affinity-masks': 'i',
      referee: 'referee',
    },
    load: () => import('../commands/create.ts'),
  },
  {
    name: 'config-update',
    usage: '<Domain> <ConfigFile> [options] [vars]',
    summary: `Update a running domain's saved configuration, used when rebuilding the domain after reboot.
WARNING: xl now has better capability to manage domain configuration, avoid using this command when possible`,
    optionHelp: `-h                      Print this help.
-f FILE, --defconfig=FILE
                     Use the given configuration file.
-d                      Enable debug messages.
`,
    modifies: true,
    dryRun: true,
    minOperands: 0,
    short: 'hdqf:',
    long: {...HELP_LONG, defconfig: 'f', quiet: 'q'},
    operandsFirst: 2,
    load: () => import('../commands/config-update.ts'),
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
    load: () => import('../commands/list.ts'),
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
    load: () => import('../commands/destroy.ts'),
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
    load: () => import('../commands/shutdown.ts'),
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
    load: () => import('../commands/reboot.ts'),
  },
];
