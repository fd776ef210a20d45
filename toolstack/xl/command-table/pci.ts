import type {CommandSpec} from '../command.ts';
import {HELP_LONG} from './help-long.ts';

/** Devices passed through: in xl's order. @see golden/cli/xl-help-all.txt */
export const PCI_COMMANDS: readonly CommandSpec[] = [
  {
    name: 'pci-attach',
    usage: '<Domain> <PCI_SPEC_STRING>',
    summary: 'Insert a new pass-through pci device',
    modifies: true,
    minOperands: 2,
    short: 'h',
    long: HELP_LONG,
    refuses: 'pvsim has no PCI devices to pass through',
  },
  {
    name: 'pci-detach',
    usage: '<Domain> <PCI_SPEC_STRING>',
    summary: "Remove a domain's pass-through pci device",
    modifies: true,
    minOperands: 2,
    short: 'hf',
    long: HELP_LONG,
    refuses: 'pvsim has no PCI devices to pass through',
  },
  {
    name: 'pci-list',
    usage: '<Domain>',
    summary: 'List pass-through pci devices for a domain',
    minOperands: 1,
    short: 'h',
    long: HELP_LONG,
    load: () => import('../commands/pci-list.ts'),
  },
  {
    name: 'pci-assignable-add',
    usage: '[options] <BDF>',
    summary: 'Make a device assignable for pci-passthru',
    optionHelp: `-n NAME, --name=NAME    Name the assignable device.
-h                      Print this help.
`,
    modifies: true,
    minOperands: 1,
    short: 'hn:',
    long: {...HELP_LONG, name: 'n'},
    refuses: 'pvsim has no PCI devices to pass through',
  },
  {
    name: 'pci-assignable-remove',
    usage: '[options] <BDF>|NAME',
    summary: 'Remove a device from being assignable',
    optionHelp: `-h                      Print this help.
-r                      Attempt to re-assign the device to the
                        original driver.`,
    modifies: true,
    minOperands: 1,
    short: 'hr',
    long: HELP_LONG,
    refuses: 'pvsim has no PCI devices to pass through',
  },
  {
    name: 'pci-assignable-list',
    usage: '[options]',
    summary: 'List all the assignable pci devices',
    optionHelp: `-h                      Print this help.
-n, --show-names        Display assignable device names where
                        supplied.
`,
    minOperands: 0,
    short: 'hn',
    long: {...HELP_LONG, 'show-names': 'n'},
    load: () => import('../commands/pci-assignable-list.ts'),
  },
];
