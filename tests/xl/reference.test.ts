import {execFileSync} from 'node:child_process';
import {readFileSync, writeFileSync} from 'node:fs';
import test from 'ava';
import {completionScript} from '../../toolstack/xl/reference/completion.ts';
import {manPage} from '../../toolstack/xl/reference/man-page.ts';
import {commandRows, commandTable} from '../../toolstack/xl/reference/state.ts';
import {testWith} from '../support/real.ts';
import {XlHost} from '../support/xl.ts';

/** Xl's own judgement of a command line that cannot be right on a host: that it is wrong, in the words of the real one. */
const EXPECTED_FAILURES: Readonly<Record<string, number>> = {
  getenforce: 255,
  // Of guests with a kernel of their own.
  save: 1,
  restore: 1,
  suspend: 1,
  resume: 1,
};

/** A command line for each, in an order in which they can follow one another; "one" and "two" run. */
const COMMAND_LINES = `
help
create -q three.cfg
config-update -q three three.cfg
list -lvcnZ
pause three
unpause three
rename three four
domid four
domname 0
mem-set four 12
mem-max four 20
sysrq four h
trigger four power
vcpu-list four
vcpu-set four 1
vcpu-pin four 0 0
network-attach four mac=00:16:3e:00:00:42
network-list four
network-detach four 0
block-attach four ram:1M,raw,xvdb,w
block-list four
block-detach -f four xvdb
scsi-attach four disk:ram:1M 0:0:0:0
scsi-list four
scsi-detach -f four 0:0:0:0
cd-insert four xvdd cd.iso
cd-eject four xvdd
uptime -s four
vm-list
info -n
sharing
claims
dmesg -c
debug-keys h
top -b -i 1
sched-credit
sched-credit2 -d four
sched-rtds
cpupool-create name="p"
cpupool-list -c
cpupool-rename p q
cpupool-cpu-add q 0
cpupool-cpu-remove q 0
cpupool-migrate four Pool-0
cpupool-destroy q
cpupool-numa-split
channel-list four
vkb-list four
vtpm-list four
vdispl-list four
vsnd-list four
usb-list four
pci-list four
pci-assignable-list
getenforce
save four /nosuch/four
restore three.cfg
suspend four
resume four
shutdown -w four
console one
reboot one
destroy two
vncviewer one
button-press one power
migrate one other
migrate-receive
dump-core one core
remus one other
devd
set-parameters x
setenforce 0
loadpolicy x
qemu-monitor-command one x
pci-attach one 0
pci-detach one 0
pci-assignable-add 0
pci-assignable-remove 0
vkb-attach one x
vkb-detach one 0
vtpm-attach one
vtpm-detach one 0
vdispl-attach one
vdispl-detach one 0
vsnd-attach one x
vsnd-detach one 0
usbctrl-attach one
usbctrl-detach one 0
usbdev-attach one x
usbdev-detach one 0 0
psr-hwinfo
psr-cmt-attach one
psr-cmt-detach one
psr-cmt-show l3_cache_occupancy
psr-cat-set one 1
psr-cat-show
psr-mba-set
psr-mba-show
dt-overlay
xenstore-quota-get
xenstore-quota-set
`
  .trim()
  .split('\n');

const stateOf = (stderr: string, status: number, expected: number): string => {
  const lines = stderr.trimEnd().split('\n');
  if (lines.length === 1 && lines[0].startsWith('xl: warning: `') && status === 0) return 'accepted with a warning';
  if (lines.length === 1 && /^xl: `[\w-]+' is not supported: /.test(lines[0]) && status === 1) return 'refused';
  return status === expected ? 'works' : `exit ${status}: ${stderr}`;
};

test('every command of any xl does what the table says', async (t) => {
  const host = XlHost.at(t);
  host.write('three.cfg', 'name = "three"\nkernel = "builtin"\nmemory = 16\ndisk = ["ram:1M,raw,xvdd,ro,cdrom"]\n');
  host.write('cd.iso', new Uint8Array(2048));
  await host.create('one');
  await host.create('two');
  const run = new Set<string>();
  for (const line of COMMAND_LINES) {
    const [name, ...args] = line.split(' ');
    const row = commandRows().find((each) => each.name === name);
    // A console ends with its input, which only a process has of its own.
    const {stderr, status} = await (name === 'console' ? host.xlTyping('', name, ...args) : host.xlHere(name, ...args));
    t.is(stateOf(stderr, Number(status), EXPECTED_FAILURES[name] ?? 0), row?.state ?? 'known', line);
    run.add(name);
  }
  t.deepEqual(
    [...run].sort(),
    commandRows()
      .map(({name}) => name)
      .sort(),
  );
  t.is(run.size, 98 + 3, 'the commands of xl, and those for SCSI');
});

test('docs/xl.md and docs/xl.1 are those of the command table', (t) => {
  if (process.env.PVSIM_WRITE_DOCS === '1') writeReference();
  t.true(
    readFileSync('docs/xl.md', 'utf8').includes(commandTable()),
    'to bring them up to date, run this test with PVSIM_WRITE_DOCS=1',
  );
  t.is(readFileSync('docs/xl.1', 'utf8'), manPage());
});

const writeReference = (): void => {
  const page = readFileSync('docs/xl.md', 'utf8');
  writeFileSync('docs/xl.md', page.replace(/^\| command \|[^]*?\n(?=\n)/m, commandTable()));
  writeFileSync('docs/xl.1', manPage());
};

const has = (program: string): boolean => {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], {stdio: 'ignore'});
    return true;
  } catch {
    return false;
  }
};

testWith(has('bash') ? undefined : 'bash is not installed', 'bash completes commands and their options', (t) => {
  const completions = (...words: string[]): string[] => {
    const list = words.map((word) => `'${word}'`).join(' ');
    const script = `${completionScript('bash')}
      PATH=/nowhere; COMP_WORDS=(${list}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _xl; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return execFileSync('bash', ['-c', script], {encoding: 'utf8'}).trim().split('\n');
  };
  t.deepEqual(completions('xl', 'vcpu-'), ['vcpu-list', 'vcpu-pin', 'vcpu-set']);
  t.deepEqual(completions('xl', '-v', 'uni'), ['']);
  t.deepEqual(completions('xl', '-v', 'unp'), ['unpause']);
  t.deepEqual(completions('xl', 'vcpu-set', '--'), ['--help', '--ignore-host']);
  t.true(completions('xl', 'create', '-').includes('-c'));
});

test('the zsh script names every command with its summary', (t) => {
  const script = completionScript('zsh');
  for (const {name} of commandRows()) t.regex(script, new RegExp(`^ {4}'${name}:`, 'm'), name);
});
