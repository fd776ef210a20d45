import type {CommandSpec} from './command.ts';
import {CONTROL_COMMANDS} from './command-table/control.ts';
import {CPUPOOLS_COMMANDS} from './command-table/cpupools.ts';
import {DEVICES_COMMANDS} from './command-table/devices.ts';
import {DOMAINS_COMMANDS} from './command-table/domains.ts';
import {GUESTS_COMMANDS} from './command-table/guests.ts';
import {NEWER_COMMANDS} from './command-table/newer.ts';
import {PCI_COMMANDS} from './command-table/pci.ts';
import {PLATFORM_COMMANDS} from './command-table/platform.ts';
import {RESOURCES_COMMANDS} from './command-table/resources.ts';
import {SCHEDULERS_COMMANDS} from './command-table/schedulers.ts';

/** The subcommands of xl 4.17, in its order. Words and layout are xl's. @see golden/cli/xl-help-all.txt */
export const COMMANDS: readonly CommandSpec[] = [
  ...DOMAINS_COMMANDS,
  ...PCI_COMMANDS,
  ...GUESTS_COMMANDS,
  ...RESOURCES_COMMANDS,
  ...SCHEDULERS_COMMANDS,
  ...CONTROL_COMMANDS,
  ...DEVICES_COMMANDS,
  ...CPUPOOLS_COMMANDS,
  ...PLATFORM_COMMANDS,
];

/** The command that a name, or a unique beginning of one, stands for. */
export const findCommand = (word: string): CommandSpec | undefined => {
  const found = COMMANDS.filter(({name}) => name.startsWith(word));
  const exact = [...COMMANDS, ...NEWER_COMMANDS].find(({name}) => name === word);
  return exact ?? (found.length === 1 ? found[0] : undefined);
};
