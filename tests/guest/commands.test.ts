import {createHash} from 'node:crypto';
import test from 'ava';
import {transferSummary} from '../../frontends/guest/commands/dd-report.ts';
import {parseAmount} from '../../frontends/guest/commands/dd-options.ts';
import {commandTable} from '../../frontends/guest/commands/index.ts';
import {formatUptime} from '../../frontends/guest/commands/uptime.ts';
import {printableValue} from '../../frontends/guest/commands/xenstore-text.ts';
import {FakeMachine, FakeNic, joinNics} from './machine.ts';

const pattern = (length: number): Uint8Array => Uint8Array.from({length}, (_, i) => (i * 31 + (i >>> 8)) & 0xff);
const sha256 = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');

test('dd copies a disk and reports as GNU dd', async (t) => {
  const machine = new FakeMachine();
  const from = machine.addDisk('xvda', pattern(10 * 4096));
  const to = machine.addDisk('xvdb', new Uint8Array(10 * 4096));
  const {output, status} = await machine.run('dd if=/dev/xvda of=/dev/xvdb bs=4k conv=fsync');
  t.is(status, 0);
  // Ten reads, one that finds the end at once, ten writes and a flush, each of a millisecond.
  t.is(output, '10+0 records in\n10+0 records out\n40960 bytes (41 kB, 40 KiB) copied, 0.021 s, 2.0 MB/s\n');
  t.deepEqual(to.bytes, from.bytes);
  t.is(to.flushes, 1);
});

test('dd: count, skip, seek and block sizes that are no sectors', async (t) => {
  const machine = new FakeMachine();
  const disk = machine.addDisk('xvda', pattern(4096));
  const expected = disk.bytes.slice();
  expected.set(pattern(4096).subarray(300, 500), 700);
  const other = machine.addDisk('xvdb', pattern(4096));
  const {output} = await machine.run('dd if=/dev/xvda of=/dev/xvdb bs=100 skip=3 seek=7 count=2 status=noxfer');
  t.is(output, '2+0 records in\n2+0 records out\n');
  t.deepEqual(other.bytes, expected);
  t.is(other.flushes, 0);
});

test('dd: the end of the disk', async (t) => {
  const machine = new FakeMachine();
  const disk = machine.addDisk('xvda', pattern(2560));
  const {output, status} = await machine.run('dd if=/dev/zero of=/dev/xvda bs=1k');
  t.is(status, 1);
  t.regex(
    output,
    /^dd: error writing '\/dev\/xvda': No space left on device\n3\+0 records in\n2\+1 records out\n2560 bytes/,
  );
  t.deepEqual(disk.bytes, new Uint8Array(2560));
  const short = await machine.run('dd if=/dev/xvda of=/dev/null bs=2k');
  t.regex(short.output, /^1\+1 records in\n1\+1 records out\n2560 bytes/);
});

const ddErrors: [line: string, output: RegExp][] = [
  ['dd', /^dd: there is no standard input: if=FILE is needed\n$/],
  ['dd if=/dev/xvda foo=1', /^dd: unrecognized operand 'foo=1'\n$/],
  ['dd if=/dev/xvda bs=0', /^dd: invalid number: '0'\n$/],
  ['dd if=/dev/xvda bs=1q', /^dd: invalid number: '1q'\n$/],
  ['dd if=/dev/xvda bs=1T', /^dd: memory exhausted by input buffer of size 1099511627776 bytes\n$/],
  ['dd if=/dev/xvda conv=ucase', /^dd: invalid conversion: 'ucase'\n$/],
  ['dd if=/dev/nope of=/dev/null', /^dd: failed to open '\/dev\/nope': No such file or directory\n$/],
  ['dd if=/dev/xvda of=constructor', /^dd: failed to open 'constructor': No such file or directory\n$/],
  ['dd if=/dev/xvdb of=/dev/null', /^dd: error reading '\/dev\/xvdb': Input\/output error\n0\+0 records in\n/],
  [
    'dd if=/dev/zero of=/dev/xvdc count=1',
    /^dd: error writing '\/dev\/xvdc': Operation not permitted\n1\+0 records in\n/,
  ],
  ['dd if=/dev/zero of=/proc/uptime count=1', /^dd: error writing '\/proc\/uptime': Permission denied\n/],
];

for (const [line, output] of ddErrors) {
  test(`refused: ${line}`, async (t) => {
    const machine = new FakeMachine();
    machine.addDisk('xvda', new Uint8Array(4096));
    machine.addDisk('xvdb', new Uint8Array(4096)).failWith = 'EIO';
    machine.addDisk('xvdc', new Uint8Array(4096), true);
    const result = await machine.run(line);
    t.regex(result.output, output);
    t.is(result.status, 1);
  });
}

/** As printed by dd of coreutils 9.1. */
const summaries: [bytes: number, seconds: number, text: string][] = [
  [0, 0.5, '0 bytes copied, 0.5 s, 0.0 kB/s'],
  [1, 6.2072e-5, '1 byte copied, 6.2072e-05 s, 16.1 kB/s'],
  [999, 0.000285804, '999 bytes copied, 0.000285804 s, 3.5 MB/s'],
  [1000, 8.6407e-5, '1000 bytes (1.0 kB) copied, 8.6407e-05 s, 11.6 MB/s'],
  [1023, 5.8722e-5, '1023 bytes (1.0 kB) copied, 5.8722e-05 s, 17.4 MB/s'],
  [1048575, 0.457942, '1048575 bytes (1.0 MB, 1.0 MiB) copied, 0.457942 s, 2.3 MB/s'],
  [9990000, 0.022688, '9990000 bytes (10 MB, 9.5 MiB) copied, 0.022688 s, 440 MB/s'],
  [67108864, 0.345093, '67108864 bytes (67 MB, 64 MiB) copied, 0.345093 s, 194 MB/s'],
];

for (const [bytes, seconds, text] of summaries) {
  test(`summary of ${bytes} bytes`, (t) => {
    t.is(transferSummary(bytes, seconds * 1e9), text);
  });
}

test('a clock that stands still', (t) => {
  t.is(transferSummary(512, 0), '512 bytes copied, 0 s, Infinity B/s');
});

test('amounts', (t) => {
  const amounts = {
    '7': 7,
    '4k': 4096,
    '4K': 4096,
    '1kB': 1000,
    '2M': 2097152,
    '1MiB': 1048576,
    '3b': 1536,
    '2x512': 1024,
  };
  for (const [text, value] of Object.entries(amounts)) t.is(parseAmount(text), value);
  for (const text of ['', '-1', '1.5', 'k', '1kk', '9999999999P', 'x', '1x']) t.throws(() => parseAmount(text));
});

/** As printed by hexdump of util-linux 2.38 for these bytes. */
const HEXDUMP_C = `00000000  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|
*
000000c0  00 00 00 00 00 00 00 00  68 65 6c 6c 6f 20 77 6f  |........hello wo|
000000d0  72 6c 64 2c 20 74 68 69  73 20 69 73 20 61 20 74  |rld, this is a t|
000000e0  65 73 74 20 6f 66 20 68  65 78 64 75 6d 70 20 6f  |est of hexdump o|
000000f0  75 74 70 75 74 00 01 ff                           |utput...|
000000f8
`;
const HEXDUMP_WORDS = `00000e0 7365 2074 666f 6820 7865 7564 706d 6f20
00000f0 7475 7570 0074 ff01                    
00000f8
`;
const hexdumpBytes = (): Uint8Array => {
  const bytes = new Uint8Array(512);
  bytes.set(new TextEncoder().encode('hello world, this is a test of hexdump output'), 200);
  bytes.set([0, 1, 0xff], 245);
  return bytes;
};

test('hexdump', async (t) => {
  const machine = new FakeMachine();
  machine.addDisk('xvda', hexdumpBytes());
  t.is((await machine.run('hexdump -C -n 248 /dev/xvda')).output, HEXDUMP_C);
  t.is((await machine.run('hexdump -s 0xe0 -n 24 /dev/xvda')).output, HEXDUMP_WORDS);
  t.is(
    (await machine.run('hexdump -C -s 3 -n 5 /dev/xvda')).output,
    '00000003  00 00 00 00 00                                    |.....|\n00000008\n',
  );
  t.is((await machine.run('hexdump -C /dev/null')).output, '');
  const all = await machine.run('hexdump -Cv -n 64 /dev/zero');
  t.is(all.output.split('\n').length, 6);
  t.deepEqual(await machine.run('hexdump -C'), {output: 'hexdump: a file is needed\n', status: 1});
});

test('sha256sum of disks of many sizes', async (t) => {
  for (const length of [512, 4096, 1024 * 1024, 1024 * 1024 + 512, 3 * 1024 * 1024 + 4096]) {
    const machine = new FakeMachine();
    machine.addDisk('xvda', pattern(length));
    const {output, status} = await machine.run('sha256sum /dev/xvda');
    t.is(output, `${sha256(pattern(length))}  /dev/xvda\n`);
    t.is(status, 0);
  }
});

test('sha256sum says which file failed', async (t) => {
  const machine = new FakeMachine();
  machine.addDisk('xvda', new Uint8Array(4096)).failWith = 'EIO';
  t.deepEqual(await machine.run('sha256sum /dev/xvda'), {
    output: 'sha256sum: /dev/xvda: Input/output error\n',
    status: 1,
  });
});

test('lsblk', async (t) => {
  const machine = new FakeMachine();
  machine.addDisk('xvda', new Uint8Array(1024 * 1024));
  machine.addDisk('xvdb', new Uint8Array(1536), true);
  t.is(
    (await machine.run('lsblk')).output,
    'NAME MAJ:MIN RM SIZE RO TYPE\nxvda 202:0    0   1M  0 disk\nxvdb 202:16   0 1.5K  1 disk\n',
  );
  t.regex((await machine.run('lsblk -b')).output, /xvdb 202:16 {3}0 {4}1536 {2}1 disk\n$/);
});

test('the files of /proc', async (t) => {
  const machine = new FakeMachine({cmdline: 'ip=10.0.0.1/24 quiet'});
  machine.addDisk('xvda', new Uint8Array(1024 * 1024));
  await machine.settle(2.5e9);
  t.is((await machine.run('cat /proc/cmdline /proc/uptime')).output, 'ip=10.0.0.1/24 quiet\n2.50 0.00\n');
  t.is(
    (await machine.run('cat /proc/interrupts')).output,
    'port CPU0 kind        for\n  1:   12 interdomain xenstore\n  2: 3456 virq\n',
  );
  t.is(
    (await machine.run('cat /proc/meminfo')).output,
    'MemTotal:          65536 kB\nMemFree:           60000 kB\nMemAvailable:      60000 kB\n',
  );
  t.is(
    (await machine.run('cat /proc/partitions')).output,
    'major minor  #blocks  name\n\n 202        0       1024 xvda\n',
  );
  t.deepEqual(await machine.run('cat /proc'), {output: 'cat: /proc: Is a directory\n', status: 1});
});

test('small commands and their exit statuses', async (t) => {
  const machine = new FakeMachine();
  const expected: [line: string, output: string, status: number][] = [
    ['true', '', 0],
    ['false', '', 1],
    ['echo a  "b  c"', 'a b  c\n', 0],
    ['echo -n a', 'a', 0],
    ['sleep 1.5', '', 0],
    ['uptime', 'up 0:00:01.50\n', 0],
    ['sleep x', "sleep: invalid time interval 'x'\n", 1],
    ['hostname', 'test\n', 0],
    ['hostname other; hostname', 'other\n', 0],
    [
      'free -m',
      '                  total        used        free\nMem:                 64           5          58\n',
      0,
    ],
    ['free -x', "free: invalid option -- 'x'\n", 1],
    ['crash on purpose', '', 1],
  ];
  for (const [line, output, status] of expected) t.deepEqual(await machine.run(line), {output, status}, line);
  t.deepEqual(machine.stopped, ['panic: on purpose']);
});

test('durations', (t) => {
  t.is(formatUptime(7.5e9), '0:00:07.50');
  t.is(formatUptime(3_723e9), '1:02:03.00');
  t.is(formatUptime((86400 + 3600) * 1e9), '1 day, 1:00:00.00');
  t.is(formatUptime(3 * 86400e9), '3 days, 0:00:00.00');
});

test('poweroff, reboot and halt ask the machine', async (t) => {
  for (const name of ['poweroff', 'reboot', 'halt']) {
    const machine = new FakeMachine();
    void machine.shell.run(name);
    await machine.settle();
    t.deepEqual(machine.stopped, [name]);
  }
});

test('help knows every command', async (t) => {
  const machine = new FakeMachine();
  const {output} = await machine.run('help');
  t.deepEqual(
    output
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' ')[0]),
    [...commandTable.keys()].sort(),
  );
  for (const {name, help} of commandTable.values()) {
    t.true((await machine.run(`help ${name}`)).output.startsWith(`usage: ${name}`));
    t.true(help.length <= 60, name);
  }
  t.deepEqual(await machine.run('help nope'), {output: "help: no help for 'nope': no such command\n", status: 1});
});

test('dmesg', async (t) => {
  const machine = new FakeMachine();
  await machine.settle(1.25e9);
  machine.log.info('one\ntwo');
  t.is((await machine.run('dmesg')).output, '[    1.250000] one\n[    1.250000] two\n');
  await machine.run('dmesg -c');
  t.is((await machine.run('dmesg')).output, '');
});

test('the log is bounded', (t) => {
  const machine = new FakeMachine();
  for (let i = 0; i < 5000; i++) machine.log.info(`line ${i}`);
  t.true(machine.log.lines.length <= 2000);
  t.regex(machine.log.lines.at(-1) ?? '', /line 4999$/);
});

const networked = (): {machine: FakeMachine; peer: FakeMachine; nic: FakeNic} => {
  const machine = new FakeMachine();
  const peer = new FakeMachine({schedule: machine.schedule});
  const nic = new FakeNic('eth0', 1);
  const other = new FakeNic('eth0', 2);
  machine.net.attach(nic).addAddress({address: 0x0a000001, prefix: 24});
  peer.net.attach(other).addAddress({address: 0x0a000002, prefix: 24});
  joinNics(machine.schedule, nic, other);
  return {machine, peer, nic};
};

test('ping between two machines', async (t) => {
  const {machine} = networked();
  const {output, status} = await machine.run('ping -c 3 10.0.0.2');
  t.is(status, 0);
  t.is(
    output,
    `PING 10.0.0.2 (10.0.0.2) 56(84) bytes of data.
64 bytes from 10.0.0.2: icmp_seq=1 ttl=64 time=0.400 ms
64 bytes from 10.0.0.2: icmp_seq=2 ttl=64 time=0.200 ms
64 bytes from 10.0.0.2: icmp_seq=3 ttl=64 time=0.200 ms

--- 10.0.0.2 ping statistics ---
3 packets transmitted, 3 received, 0% packet loss, time 2000ms
rtt min/avg/max/mdev = 0.200/0.267/0.400/0.094 ms
`,
  );
  t.is(
    (await machine.run('arp -n')).output,
    `Address                  HWtype  HWaddress           Flags Mask            Iface
10.0.0.2                 ether   00:16:3e:00:00:02   C                     eth0
`,
  );
});

test('ping -i 0 goes at the pace of the answers', async (t) => {
  const {machine} = networked();
  const {output} = await machine.run('ping -q -i 0 -c 100 10.0.0.2');
  t.regex(output, /100 packets transmitted, 100 received, 0% packet loss, time 20ms\n/);
});

test('ping: nobody there, lost packets, quiet, duplicates', async (t) => {
  const {machine, nic} = networked();
  const nobody = await machine.run('ping -c 2 -i 0.1 10.0.0.9');
  t.is(nobody.status, 1);
  t.regex(nobody.output, /From 10\.0\.0\.1 icmp_seq=1 Destination Host Unreachable\nFrom 10\.0\.0\.1 icmp_seq=2/);
  t.regex(nobody.output, /2 packets transmitted, 0 received, \+2 errors, 100% packet loss, time 3000ms\n$/);
  const deliver = nic.onSend;
  let sent = 0;
  nic.onSend = (frame) => void (sent++ % 2 === 0 && deliver(frame));
  const lossy = await machine.run('ping -q -c 4 -W 2 10.0.0.2');
  t.regex(lossy.output, /^PING.*\n\n---.*\n4 packets transmitted, 2 received, 50% packet loss, time \d+ms\nrtt /);
  nic.onSend = (frame) => {
    deliver(frame);
    deliver(frame);
  };
  const doubled = await machine.run('ping -c 2 10.0.0.2');
  t.regex(doubled.output, /icmp_seq=1 ttl=64 time=0\.200 ms\n64 bytes from 10\.0\.0\.2: icmp_seq=1 ttl=64 \(DUP!\)\n/);
  t.regex(doubled.output, /2 packets transmitted, 2 received, \+1 duplicates, 0% packet loss/);
});

const pingErrors: [line: string, output: string, status: number][] = [
  ['ping', 'ping: usage error: Destination address required\n', 1],
  ['ping example.org', 'ping: example.org: Name or service not known\n', 2],
  ['ping 8.8.8.8', 'ping: connect: Network is unreachable\n', 2],
  ['ping -c 0 10.0.0.2', "ping: invalid argument: '0': out of range: 1 <= value <= 9007199254740991\n", 1],
  ['ping -c', "ping: option requires an argument -- 'c'\n", 2],
  ['ping -z 1', "ping: invalid option -- 'z'\n", 2],
];

for (const [line, output, status] of pingErrors) {
  test(`refused: ${line}`, async (t) => t.deepEqual(await networked().machine.run(line), {output, status}));
}

test('ip', async (t) => {
  const {machine} = networked();
  const steps: [line: string, output: string, status: number][] = [
    ['ip route', '10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.1\n', 0],
    ['ip addr add 10.0.1.1/30 dev eth0', '', 0],
    ['ip addr add 10.0.1.1/30 dev eth0', 'ip: RTNETLINK answers: File exists\n', 2],
    ['ip addr add 10.0.1.1/30 dev eth7', 'ip: Cannot find device "eth7"\n', 1],
    ['ip addr add 10.0.1/30 dev eth0', 'ip: any valid prefix is expected rather than "10.0.1/30".\n', 1],
    [
      'ip a show eth0',
      `2: eth0: <BROADCAST,UP,LOWER_UP> mtu 1500 state UP
    link/ether 00:16:3e:00:00:01 brd ff:ff:ff:ff:ff:ff
    inet 10.0.0.1/24 brd 10.0.0.255 scope global eth0
    inet 10.0.1.1/30 brd 10.0.1.3 scope global eth0
`,
      0,
    ],
    ['ip addr del 10.0.1.1/30 dev eth0', '', 0],
    ['ip addr del 10.0.1.1/30 dev eth0', 'ip: RTNETLINK answers: Cannot assign requested address\n', 2],
    ['ip route add default via 10.0.0.254', '', 0],
    ['ip r add default via 10.0.0.254', 'ip: RTNETLINK answers: File exists\n', 2],
    ['ip route add 1.0.0.0/8 via 9.9.9.9', 'ip: RTNETLINK answers: Network is unreachable\n', 2],
    ['ip route', 'default via 10.0.0.254 dev eth0\n10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.1\n', 0],
    ['ip route del default', '', 0],
    ['ip route del default', 'ip: RTNETLINK answers: No such process\n', 2],
    ['ip link set eth0 down', '', 0],
    [
      'ip link show eth0',
      '2: eth0: <BROADCAST> mtu 1500 state DOWN\n    link/ether 00:16:3e:00:00:01 brd ff:ff:ff:ff:ff:ff\n',
      0,
    ],
    ['ping -c 1 10.0.0.2', 'ping: connect: Network is unreachable\n', 2],
    [
      'ip link set eth0 up && ping -q -c 1 10.0.0.2 && ip neigh show',
      /10\.0\.0\.2 dev eth0 lladdr 00:16:3e:00:00:02 REACHABLE\n$/.source,
      0,
    ],
    ['ip', 'ip: Object "" is unknown, try "help ip".\n', 255],
    ['ip frob', 'ip: Object "frob" is unknown, try "help ip".\n', 255],
    ['ip addr frob', 'ip: Command "frob" is unknown, try "help ip".\n', 255],
    ['ip addr constructor', 'ip: Command "constructor" is unknown, try "help ip".\n', 255],
  ];
  for (const [line, output, status] of steps) {
    const result = await machine.run(line);
    if (output.endsWith('$')) t.regex(result.output, new RegExp(output), line);
    else t.is(result.output, output, line);
    t.is(result.status, status, line);
  }
});

test('ifconfig and netstat show what went through', async (t) => {
  const {machine} = networked();
  await machine.run('ping -q -c 1 10.0.0.2');
  const {output} = await machine.run('ifconfig eth0');
  t.is(
    output,
    `eth0: <UP,BROADCAST,RUNNING>  mtu 1500
        inet 10.0.0.1  netmask 255.255.255.0  broadcast 10.0.0.255
        ether 00:16:3e:00:00:01  (Ethernet)
        RX packets 2  bytes 140
        RX errors 0  dropped 0
        TX packets 2  bytes 140
        TX dropped 0

`,
  );
  const expected = `Iface   MTU RX-OK RX-ERR RX-DRP TX-OK TX-DRP Flg
lo    65536     0      0      0     0      0 LRU
eth0   1500     2      0      0     2      0 BRU
`;
  t.is((await machine.run('netstat -i')).output, expected);
  t.regex((await machine.run('netstat -s')).output, /Icmp:\n {4}1 in msgs\n/);
  t.is((await machine.run('netstat -r')).output, (await machine.run('ip route')).output);
  t.is((await machine.run('ifconfig eth0 10.7.0.1/16')).status, 0);
  t.is((await machine.run('ip route')).output, '10.7.0.0/16 dev eth0 proto kernel scope link src 10.7.0.1\n');
  t.is((await machine.run('ifconfig eth9')).status, 1);
});

test('xenstore commands', async (t) => {
  const machine = new FakeMachine();
  const steps: [line: string, output: string, status: number][] = [
    ['xenstore-write /a/b 1 /a/c "two words"', '', 0],
    ['xenstore-read /a/b /a/c', '1\ntwo words\n', 0],
    ['xenstore-read -p /a/b', '/a/b: 1\n', 0],
    ['xenstore-read /a/none', "xenstore-read: couldn't read path /a/none\n", 1],
    ['xenstore-read bad//path', "xenstore-read: couldn't read path bad//path\n", 1],
    ['xenstore-list /a', 'b\nc\n', 0],
    ['xenstore-list -p /a', '/a/b\n/a/c\n', 0],
    ['xenstore-list /none', 'xenstore-list: could not list path /none\n', 1],
    ['xenstore-ls /a', 'b = "1"\nc = "two words"\n', 0],
    ['xenstore-ls -f /a', '/a/b = "1"\n/a/c = "two words"\n', 0],
    ['xenstore-ls -p /a', 'b = "1"   (n0)\nc = "two words"   (n0)\n', 0],
    ['xenstore-ls /none', 'xenstore-ls: xs_directory (/none): No such file or directory\n', 1],
    ['xenstore-write /a', 'xenstore-write: paths and values are needed in pairs\n', 1],
    ['xenstore-write bad//path 1', 'xenstore-write: could not write path bad//path\n', 1],
    ['xenstore-rm /a/b; xenstore-ls /a', 'c = "two words"\n', 0],
    ['xenstore-rm /none/x', 'xenstore-rm: could not remove path /none/x\n', 1],
    ['xenstore-watch -n 1 /a', '/a\n', 0],
    ['xenstore-watch', 'xenstore-watch: a path is needed\n', 1],
  ];
  for (const [line, output, status] of steps) t.deepEqual(await machine.run(line), {output, status}, line);
});

test('xenstore-ls of a whole tree, nested', async (t) => {
  const machine = new FakeMachine();
  await machine.run('xenstore-write /a/b/c 1 /a/d 2');
  t.is(
    (await machine.run('xenstore-ls')).output.split('\n').slice(-5).join('\n'),
    'a = ""\n b = ""\n  c = "1"\n d = "2"\n',
  );
});

test('xenstore-watch prints until it has seen enough', async (t) => {
  const machine = new FakeMachine();
  const watching = machine.run('xenstore-watch -n 3 /a /b');
  await machine.settle();
  await machine.schedule.drive(machine.xs.write('/b/c', '1'));
  t.deepEqual(await watching, {output: '/a\n/b\n/b/c\n', status: 0});
});

test('values are printed on one line', (t) => {
  const bytes = Uint8Array.from([0x61, 9, 10, 13, 0x5c, 0, 0x7f, 0xff, 0x22]);
  t.is(printableValue(bytes), 'a\\t\\n\\r\\\\\\000\\177\\377"');
});
