import test from 'ava';
import {FakeDisk, FakeMachine, FakeNic, joinNics} from './machine.ts';
import {cidr, pattern} from './tcp-rig.ts';

const SECOND = 1e9;

/** Two machines on a cable, 10.0.0.1 and 10.0.0.2; the second one's shell has what is typed at it. */
const makePair = (): [FakeMachine, FakeMachine] => {
  const a = new FakeMachine();
  const b = new FakeMachine({schedule: a.schedule});
  const [nicA, nicB] = [new FakeNic('eth0', 1), new FakeNic('eth0', 2)];
  joinNics(a.schedule, nicA, nicB);
  a.net.attach(nicA).addAddress(cidr('10.0.0.1/24'));
  b.net.attach(nicB).addAddress(cidr('10.0.0.2/24'));
  return [a, b];
};

test('nc talks to nc, a line at a time, until one ends', async (t) => {
  const [a, b] = makePair();
  const listening = b.shell.run('nc -l 7000');
  await a.schedule.sleep(SECOND);
  const talking = a.shell.run('nc -v 10.0.0.2 7000');
  await a.schedule.sleep(SECOND);
  a.console.type('hello there\r');
  await a.schedule.sleep(SECOND);
  b.console.type('hi\r');
  await a.schedule.sleep(SECOND);
  a.console.type('\x04');
  await a.schedule.sleep(SECOND);
  t.is(await a.schedule.drive(listening), 0);
  t.is(await a.schedule.drive(talking), 0);
  t.is(a.console.take(), 'Connection to 10.0.0.2 7000 port [tcp] succeeded!\nhello there\nhi\n\n');
  t.regex(b.console.take(), /^hello there\nhi\n/);
});

test('netstat -t tells of connections', async (t) => {
  const [a, b] = makePair();
  b.net.tcp.listen({port: 80});
  const {ready} = a.net.tcp.connect({address: 0x0a000002, port: 80, localPort: 5000});
  await a.schedule.drive(ready);
  await a.schedule.sleep(SECOND);
  await a.shell.run('netstat -t');
  await b.shell.run('netstat -t');
  t.is(
    a.console.take() + b.console.take(),
    [
      'Local Address Foreign Address State       Recv-Q Send-Q',
      '10.0.0.1:5000 10.0.0.2:80     ESTABLISHED      0      0',
      'Local Address Foreign Address State       Recv-Q Send-Q',
      '*:80          *:*             LISTEN           0      0',
      '10.0.0.2:80   10.0.0.1:5000   ESTABLISHED      0      0',
      '',
    ].join('\n'),
  );
});

test('nc over UDP', async (t) => {
  const [a, b] = makePair();
  const listening = b.shell.run('nc -u -l 7000');
  const talking = a.shell.run('nc -u 10.0.0.2 7000');
  await a.schedule.sleep(SECOND);
  a.console.type('one\r');
  await a.schedule.sleep(SECOND);
  b.console.type('two\r');
  await a.schedule.sleep(SECOND);
  t.regex(b.console.take(), /^one\ntwo\n$/);
  t.regex(a.console.take(), /^one\ntwo\n$/);
  a.console.type('\x03');
  b.console.type('\x03');
  t.deepEqual(await a.schedule.drive(Promise.all([listening, talking])), [130, 130]);
});

test('^C ends each command that waits', async (t) => {
  const [a] = makePair();
  const commands = [
    'nc -l 7000',
    'nc 10.0.0.9 7000',
    'wget -O - http://10.0.0.9/',
    'iperf3 -s',
    'iperf3 -c 10.0.0.9',
    'ping6 ::2',
    'ping 10.0.0.9',
    'ifconfig eth0 dhcp',
  ];
  for (const command of commands) {
    const running = a.shell.run(command);
    await a.schedule.sleep(SECOND / 2);
    a.console.type('\x03');
    t.true([0, 1, 2, 130].includes(await a.schedule.drive(running)), command);
    await a.schedule.sleep(SECOND);
  }
  t.is(a.net.tcp.connections.length, 0);
  t.is(a.net.tcp.listening.length, 0);
});

test('nobody there', async (t) => {
  const [a] = makePair();
  const run = async (command: string): Promise<string> => {
    const status = await a.schedule.drive(a.shell.run(command));
    return `${status} ${a.console.take()}`;
  };
  t.is(await run('nc 10.0.0.2 7000'), '1 nc: Connection refused\n');
  t.is(await run('nc 8.8.8.8 7000'), '1 nc: Network is unreachable\n');
  t.is(await run('nc -w 2 10.0.0.9 7000'), '1 nc: connect to 10.0.0.9 port 7000 failed: Connection timed out\n');
  t.is(await run('nc somewhere 7000'), '1 nc: somewhere: Name or service not known\n');
  t.is(await run('nc 10.0.0.2 70000'), '1 nc: port number invalid: 70000\n');
  t.is(await run('wget -O - http://10.0.0.2:81/'), '1 wget: 10.0.0.2:81: Connection refused\n');
  t.is(await run('wget -O - https://10.0.0.2/'), '1 wget: https://10.0.0.2/: only http:// is spoken\n');
  t.regex(await run('wget http://10.0.0.2/'), /-O FILE is needed/);
  t.regex(
    await run('iperf3 -c 10.0.0.2'),
    /^1 Connecting to host 10\.0\.0\.2, port 5201\niperf3: Connection refused\n/,
  );
});

/** Answers each connection at port 80 with the bytes that belong to the path. */
const serveHttp = async (machine: FakeMachine, pages: Record<string, Uint8Array>): Promise<void> => {
  const listener = machine.net.tcp.listen({port: 80});
  for (;;) {
    const stream = await listener.accept();
    const request = new TextDecoder().decode(await stream.read());
    const page = pages[request.split(' ')[1]] ?? new TextEncoder().encode('HTTP/1.1 404 Not Found\r\n\r\n');
    await stream.write(page);
    stream.end();
  }
};

const page = (head: string, body: Uint8Array): Uint8Array =>
  Buffer.concat([Buffer.from(`HTTP/1.1 ${head}\r\n\r\n`), body]);

test('wget puts a file on a disk', async (t) => {
  const [a, b] = makePair();
  const body = pattern(700_000);
  const disk = new FakeDisk(a.schedule, 'xvda', new Uint8Array(1024 * 1024));
  a.blocks.add(disk);
  void serveHttp(b, {
    '/file': page(`200 OK\r\nContent-Length: ${body.length}`, body),
    '/moved': page('302 Found\r\nLocation: /file', new Uint8Array(0)),
    '/chunks': page(
      '200 OK\r\nTransfer-Encoding: chunked',
      Buffer.from('5\r\nhello\r\n8;x=y\r\n, world\n\r\n0\r\nA: b\r\n\r\n'),
    ),
    '/open': page('200 OK', Buffer.from('until the end\n')),
    '/short': page('200 OK\r\nContent-Length: 100', Buffer.from('less')),
    '/loop': page('301 Moved\r\nLocation: /loop', new Uint8Array(0)),
    '/nonsense': Buffer.from('SSH-2.0-x\r\n\r\n'),
    '/large': page('200 OK', new Uint8Array(1024 * 1024 + 1)),
  });
  const run = async (command: string): Promise<string> => {
    const status = await a.schedule.drive(a.shell.run(command));
    return `${status} ${a.console.take()}`;
  };
  t.regex(
    await run('wget -O /dev/xvda http://10.0.0.2/moved'),
    /^0 Location: \/file \[following\]\nHTTP request sent, awaiting response\.\.\. 200 OK\nLength: 700000\n.*\n\(.* MB\/s\) - '\/dev\/xvda' saved \[700000\/700000\]\n$/,
  );
  t.is(Buffer.compare(disk.bytes.subarray(0, body.length), body), 0);
  t.is(await run('wget -q -O - 10.0.0.2/chunks'), '0 hello, world\n');
  t.is(await run('wget -q -O - 10.0.0.2/open'), '0 until the end\n');
  t.is(await run('wget -q -O /dev/null 10.0.0.2/short'), '4 wget: the connection ended 96 bytes early\n');
  t.is(await run('wget -q -O - 10.0.0.2/nonsense'), '4 wget: no HTTP response\n');
  t.regex(await run('wget -O - 10.0.0.2/nothing'), /^8 .*404 Not Found/);
  t.is(await run('wget -q -O - 10.0.0.2/loop'), '8 wget: 20 redirections exceeded.\n');
  t.regex(await run('wget -q -O /dev/xvda 10.0.0.2/large'), /^1 wget: .*No space left on device\n/);
});

for (const [name, options] of [
  ['TCP', '-t 0.2'],
  ['TCP, the other way, three streams', '-t 0.2 -R -P 3'],
  ['a number of bytes', '-n 1M'],
  ['TCP at a rate', '-b 20M -t 1'],
  ['UDP', '-u -b 5M -t 1'],
  ['UDP, the other way', '-u -b 5M -t 1 -R'],
]) {
  test(`iperf3 to iperf3: ${name}`, async (t) => {
    const [a, b] = makePair();
    const serving = b.shell.run('iperf3 -s -1');
    const status = await a.schedule.drive(a.shell.run(`iperf3 -c 10.0.0.2 ${options}`));
    t.is(status, 0);
    t.is(await a.schedule.drive(serving), 0);
    const [client, server] = [a.console.take(), b.console.take()];
    t.regex(client, /\[ {2}1\] +0\.00-\S+ +sec +[\d.]+ [KMG]?Bytes +[\d.]+ [KMG]?bits\/sec {2}sender\n/);
    t.regex(client, /receiver\n[^]*iperf Done\.\n$/);
    t.notRegex(client, / 0\.00 Bytes .*receiver/);
    t.regex(server, /Accepted connection from 10\.0\.0\.1/);
    if (options.startsWith('-u')) t.regex(client, /\d ms {2}0\/\d+ \(0\.0%\) {2}receiver/);
  });
}
