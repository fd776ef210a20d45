import type {CommandSpec} from '../command.ts';
import {HELP_LONG} from './help-long.ts';

/** What is done to a running domain: in xl's order. @see golden/cli/xl-help-all.txt */
export const GUESTS_COMMANDS: readonly CommandSpec[] = [
  {
    name: 'pause',
    usage: '<Domain>',
    summary: 'Pause execution of a domain',
    modifies: true,
    minOperands: 1,
    short: 'h',
    long: HELP_LONG,
    load: () => import('../commands/pause.ts'),
  },
  {
    name: 'unpause',
    usage: '<Domain>',
    summary: 'Unpause a paused domain',
    modifies: true,
    minOperands: 1,
    short: 'h',
    long: HELP_LONG,
    load: () => import('../commands/unpause.ts'),
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
    load: () => import('../commands/console.ts'),
  },
  {
    name: 'vncviewer',
    usage: `[options] <Domain>
--autopass               Pass VNC password to viewer via stdin and
                         -autopass
--vncviewer-autopass     (consistency alias for --autopass)`,
    summary: "Attach to domain's VNC server.",
    minOperands: 1,
    short: 'ha',
    long: {...HELP_LONG, autopass: 'a', 'vncviewer-autopass': 'a'},
    warns: 'no VNC server runs yet',
  },
  {
    name: 'save',
    usage: '[options] <Domain> <CheckpointFile> [<ConfigFile>]',
    summary: 'Save a domain state to restore later',
    optionHelp: `-h  Print this help.
-c  Leave domain running after creating the snapshot.
-p  Leave domain paused after creating the snapshot.
-D  Store the domain id in the configuration.`,
    modifies: true,
    minOperands: 2,
    short: 'hcpD',
    long: HELP_LONG,
    load: () => import('../commands/save.ts'),
  },
  {
    name: 'migrate',
    usage: '[options] <Domain> <host>',
    summary: 'Migrate a domain to another host',
    optionHelp: `-h              Print this help.
-C <config>     Send <config> instead of config file from creation.
-s <sshcommand> Use <sshcommand> instead of ssh.  String will be passed
                to sh. If empty, run <host> instead of ssh <host> xl
                migrate-receive [-d -e]
-e              Do not wait in the background (on <host>) for the death
                of the domain.
--debug         Print huge (!) amount of debug during the migration process.
-p              Do not unpause domain after migrating it.
-D              Preserve the domain id`,
    modifies: true,
    minOperands: 2,
    short: 'hFC:s:epD',
    long: {...HELP_LONG, debug: 'debug', live: 'live'},
    refuses: 'save the domain, and restore it on the other host',
  },
  {
    name: 'restore',
    usage: '[options] [<ConfigFile>] <CheckpointFile>',
    summary: 'Restore a domain from a saved state',
    optionHelp: `-h                       Print this help.
-p                       Do not unpause domain after restoring it.
-e                       Do not wait in the background for the death of the domain.
-d                       Enable debug messages.
-V, --vncviewer          Connect to the VNC display after the domain is created.
-A, --vncviewer-autopass Pass VNC password to viewer via stdin.`,
    modifies: true,
    minOperands: 1,
    short: 'hFcpdeVA',
    long: {...HELP_LONG, vncviewer: 'V', 'vncviewer-autopass': 'A'},
    load: () => import('../commands/restore.ts'),
  },
  {
    name: 'migrate-receive',
    usage: '- for internal use only',
    summary: 'Restore a domain from a saved state',
    modifies: true,
    minOperands: 0,
    short: 'hFedrp',
    long: {
      ...HELP_LONG,
      colo: 'colo',
      'coloft-script': 'coloft-script',
      'userspace-colo-proxy': 'userspace-colo-proxy',
    },
    refuses: 'save the domain, and restore it on the other host',
  },
  {
    name: 'dump-core',
    usage: '<Domain> <filename>',
    summary: 'Core dump a domain',
    modifies: true,
    minOperands: 2,
    short: 'h',
    long: HELP_LONG,
    refuses: 'no core image is written',
  },
  {
    name: 'cd-insert',
    usage: '<Domain> <VirtualDevice> <path>',
    summary: "Insert a cdrom into a guest's cd drive",
    modifies: true,
    dryRun: true,
    minOperands: 3,
    short: 'h',
    long: HELP_LONG,
    load: () => import('../commands/cd-insert.ts'),
  },
  {
    name: 'cd-eject',
    usage: '<Domain> <VirtualDevice>',
    summary: "Eject a cdrom from a guest's cd drive",
    modifies: true,
    dryRun: true,
    minOperands: 2,
    short: 'h',
    long: HELP_LONG,
    load: () => import('../commands/cd-eject.ts'),
  },
];
