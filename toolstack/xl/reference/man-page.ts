import {XEN_VERSION} from '../../../hypervisor/version.ts';
import type {CommandSpec} from '../command.ts';
import {COMMANDS} from '../command-table.ts';
import {NEWER_COMMANDS} from '../command-table/newer.ts';
import {NOTES} from './notes.ts';

/** xl(1) as roff, from the command table. */
export const manPage = (): string =>
  [
    `.TH XL 1 "" "pvsim, Xen ${XEN_VERSION.major}.${XEN_VERSION.minor}" "Xen"`,
    '.SH NAME',
    String.raw`xl \- manage the domains of a simulated Xen host`,
    '.SH SYNOPSIS',
    String.raw`.B xl`,
    String.raw`[\fB\-vfNtT\fR] \fIsubcommand\fR [\fIargument\fR ...]`,
    '.SH DESCRIPTION',
    'This xl has the commands, options, output and exit statuses of the xl of Xen, for a host that runs in one process',
    'without Xen. The host is started by the first command that needs it. A unique beginning of a command stands for it.',
    '.SH OPTIONS',
    ...option('v', 'Print what happens on the host while the command runs. Twice: devices, too.'),
    ...option('f', 'For the real xl, a lock to ignore; accepted.'),
    ...option('N', 'Print what would be done, where a command can say so.'),
    ...option('t', 'Accepted: there is no progress to show.'),
    ...option('T', 'Accepted.'),
    '.SH COMMANDS',
    ...[...COMMANDS, ...NEWER_COMMANDS].flatMap(section),
    '.SH FILES',
    ...file(
      '$PVSIM_HOME',
      'The home of a host: its sockets and logs. By default pvsim in $XDG_RUNTIME_DIR, or a directory in /tmp.',
    ),
    ...file('$PVSIM_HOME/xl.conf', 'Settings of xl, in the syntax of xl.conf(5).'),
    ...file('$PVSIM_HOME/log/guest-NAME.log', 'What the console of a domain has printed.'),
    ...file('$PVSIM_HOME/log/daemon.log', 'What the host did about domains that ended, and its errors.'),
    '.SH EXIT STATUS',
    '0 for success, 1 for failure, 2 for an option or an argument too many or too few, 3 when a domain could not be made.',
    '.SH SEE ALSO',
    String.raw`.BR pvsim (1)`,
    '',
  ].join('\n');

const option = (letter: string, text: string): string[] => ['.TP', String.raw`.B \-` + letter, text];

const file = (path: string, text: string): string[] => ['.TP', `.I ${path}`, text];

const section = (spec: CommandSpec): string[] => {
  const {name, usage, summary, optionHelp, warns, refuses} = spec;
  const note = NOTES[name];
  return [
    `.SS ${escape(`${name} ${usage.trim()}`.trim())}`,
    ...paragraph(`${summary}.`),
    ...(optionHelp === undefined ? [] : ['.PP', '.nf', ...lines(optionHelp.trimEnd()), '.fi']),
    ...(warns === undefined ? [] : ['.PP', ...paragraph(`Accepted with a warning: ${warns}.`)]),
    ...(refuses === undefined ? [] : ['.PP', ...paragraph(`Not supported: ${refuses}.`)]),
    ...(note === undefined ? [] : ['.PP', ...paragraph(`In pvsim: ${note.replaceAll('`', '')}.`)]),
  ];
};

const paragraph = (text: string): string[] => lines(text);

const lines = (text: string): string[] => text.split('\n').map(escape);

/** A line may not begin with a request, and a hyphen is a minus. */
const escape = (line: string): string => {
  const text = line.replaceAll('\\', String.raw`\e`).replaceAll('-', String.raw`\-`);
  return /^[.']/.test(text) ? String.raw`\&` + text : text;
};
