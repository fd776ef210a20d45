import type {CommandSpec} from '../command.ts';
import {HELP_LONG} from './help-long.ts';

/** As they were proposed for xl, which never got them. */
export const SCSI_COMMANDS: readonly CommandSpec[] = [
  {
    name: 'scsi-attach',
    usage: '<Domain> <pdev> <vdev> [option]...',
    summary: 'Give a domain a SCSI unit',
    optionHelp: `    pdev     - disk:PATH, cdrom:[PATH], tape:FILE.tap or changer:DIRECTORY
    vdev     - host:channel:target:lun as the domain sees it
    options  - ro, removable, block=512|4096, of a changer drives=N, slots=N
`,
    modifies: true,
    dryRun: true,
    minOperands: 3,
    short: 'h',
    long: HELP_LONG,
    load: () => import('../commands/scsi-attach.ts'),
  },
  {
    name: 'scsi-list',
    usage: '<Domain(s)>',
    summary: 'List SCSI units of a domain',
    minOperands: 1,
    short: 'h',
    long: HELP_LONG,
    load: () => import('../commands/scsi-list.ts'),
  },
  {
    name: 'scsi-detach',
    usage: '[option] <Domain> <vdev>',
    summary: 'Take a SCSI unit away from a domain',
    optionHelp: '-f, --force        do not wait for the domain to release the unit',
    modifies: true,
    minOperands: 2,
    short: 'hf',
    long: {...HELP_LONG, force: 'f'},
    load: () => import('../commands/scsi-detach.ts'),
  },
];
