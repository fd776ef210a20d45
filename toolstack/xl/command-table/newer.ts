import type {CommandSpec} from '../command.ts';
import {HELP_LONG} from './help-long.ts';
import {SCSI_COMMANDS} from './scsi.ts';

/** Commands of later xls, and of a proposal: known by their whole names, so that abbreviations mean what they mean to xl 4.17. */
export const NEWER_COMMANDS: readonly CommandSpec[] = [
  {
    name: 'suspend',
    usage: '<Domain>',
    summary: 'Suspend a domain to RAM',
    modifies: true,
    minOperands: 1,
    short: 'h',
    long: HELP_LONG,
    load: () => import('../commands/suspend.ts'),
  },
  {
    name: 'resume',
    usage: '<Domain>',
    summary: 'Resume a domain from RAM',
    modifies: true,
    minOperands: 1,
    short: 'h',
    long: HELP_LONG,
    load: () => import('../commands/resume.ts'),
  },
  {
    name: 'xenstore-quota-get',
    usage: '<Domain>|-g',
    summary: 'List global or domain specific Xenstore quota data',
    minOperands: 0,
    short: 'hg',
    long: HELP_LONG,
    refuses: 'it needs Xen 4.22, and this host is a Xen 4.17; "xenstore-control quota" works',
  },
  {
    name: 'xenstore-quota-set',
    usage: '<Domain>|-g <quota>=<val>...',
    summary: 'Set global or domain specific Xenstore quota data',
    modifies: true,
    minOperands: 0,
    short: 'hg',
    long: HELP_LONG,
    refuses: 'it needs Xen 4.22, and this host is a Xen 4.17; "xenstore-control quota set" works',
  },
  {
    name: 'dt-overlay',
    usage: 'add/remove <.dtbo>',
    summary: 'Add/Remove a device tree overlay',
    modifies: true,
    minOperands: 0,
    short: 'h',
    long: HELP_LONG,
    refuses: 'x86 has no device tree',
  },
  ...SCSI_COMMANDS,
];
