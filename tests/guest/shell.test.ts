import test from 'ava';
import {setImmediate as turn} from 'node:timers/promises';
import {FakeMachine} from './machine.ts';

/** A machine whose shell reads its console. */
const interactive = async (): Promise<FakeMachine> => {
  const machine = new FakeMachine();
  void machine.shell.interact();
  await machine.settle();
  return machine;
};

/** Types, lets things happen, and tells what was shown. */
const type = async (machine: FakeMachine, keys: string, ns = 1e9): Promise<string> => {
  machine.console.take();
  machine.console.type(keys);
  await machine.settle(ns);
  return machine.console.take();
};

/** Of the event loop; each lets a few of the machine's tasks run. */
const turns = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await turn();
};

test('a prompt, an echo, a command, a prompt', async (t) => {
  const machine = await interactive();
  t.is(machine.console.take(), 'test# ');
  t.is(await type(machine, 'echo hello\r'), 'echo hello\nhello\ntest# ');
  t.is(await type(machine, '\r'), '\ntest# ');
  t.is(await type(machine, 'hostname box\r'), 'hostname box\nbox# ');
});

test('lines end with CR LF on the wire', async (t) => {
  const machine = await interactive();
  machine.console.type('echo a\r\necho b\n');
  await machine.settle();
  t.is(machine.console.text, 'test# echo a\r\na\r\ntest# echo b\r\nb\r\ntest# ');
});

test('exit statuses', async (t) => {
  const machine = await interactive();
  t.is(await type(machine, 'foo; echo $?\r'), 'foo; echo $?\nsh: foo: not found\n127\ntest# ');
  t.is(await type(machine, 'false; echo $?; true; echo $?\r'), 'false; echo $?; true; echo $?\n1\n0\ntest# ');
  t.is(await type(machine, 'a |\r'), 'a |\nsh: syntax error: "|" is not supported by this shell\ntest# ');
  t.is(await type(machine, 'echo $?\r'), 'echo $?\n2\ntest# ');
});

const chains: [line: string, output: string][] = [
  ['true && echo yes || echo no', 'yes\n'],
  ['false && echo yes || echo no', 'no\n'],
  ['false || false || echo third', 'third\n'],
  ['true || echo no; echo end', 'end\n'],
  ['false && echo no && echo no; echo $?', '1\n'],
];

for (const [line, output] of chains) {
  test(line, async (t) => t.is((await new FakeMachine().run(line)).output, output));
}

test('names of JavaScript objects are no commands', async (t) => {
  for (const name of ['constructor', '__proto__', 'toString']) {
    t.deepEqual(await new FakeMachine().run(name), {output: `sh: ${name}: not found\n`, status: 127});
  }
});

test('^C ends the command and the rest of its line', async (t) => {
  const machine = await interactive();
  t.is(await type(machine, 'sleep 100; echo no\r'), 'sleep 100; echo no\n');
  t.is(await type(machine, '\x03'), '^C\ntest# ');
  t.is(await type(machine, 'echo $?\r'), 'echo $?\n130\ntest# ');
});

test('^C ends ping with its statistics', async (t) => {
  const machine = await interactive();
  await type(machine, 'ping 127.0.0.1\r', 2.5e9);
  const shown = await type(machine, '\x03');
  t.regex(shown, /^\^C\n\n--- 127\.0\.0\.1 ping statistics ---\n3 packets transmitted, 3 received, 0% packet loss/);
  t.regex(shown, /test# $/);
});

test('^C ends a copy that waits for nothing', async (t) => {
  const machine = await interactive();
  machine.console.type('dd if=/dev/zero of=/dev/null bs=1M\r');
  // Its tasks are ready at once, for ever: virtual time stands still while it runs.
  await machine.schedule.drive(turns(100));
  machine.console.type('\x03');
  await machine.settle();
  t.regex(machine.console.take(), /\^C\n\d+\+0 records in\n\d+\+0 records out\n\d+ bytes.* copied, .*\ntest# $/);
});

test('^C ends watching and large dumps', async (t) => {
  const machine = await interactive();
  machine.addDisk('xvda', new Uint8Array(1024 * 1024));
  t.is(await type(machine, 'xenstore-watch /a\r'), 'xenstore-watch /a\n/a\n');
  t.is(await type(machine, '\x03'), '^C\ntest# ');
  await type(machine, 'sha256sum /dev/xvda\r', 0);
  t.is(await type(machine, '\x03'), '^C\ntest# ');
});

test('^C at the prompt drops the line', async (t) => {
  const machine = await interactive();
  t.is(await type(machine, 'echo no\x03echo yes\r'), 'echo no^C\ntest# echo yes\nyes\ntest# ');
});

test('^C typed right behind a line interrupts its command', async (t) => {
  const machine = await interactive();
  t.is(await type(machine, 'sleep 100\r\x03'), 'sleep 100\n^C\ntest# ');
});

test('what is typed while a command runs is read afterwards', async (t) => {
  const machine = await interactive();
  t.is(await type(machine, 'sleep 1\recho next\r', 3e9), 'sleep 1\ntest# echo next\nnext\ntest# ');
});

test('type-ahead is bounded', async (t) => {
  const machine = await interactive();
  await type(machine, 'sleep 10\r');
  t.is(await type(machine, 'x'.repeat(4100)), '\x07'.repeat(4));
});

test('history: recalled by arrows, listed, doubles kept once', async (t) => {
  const machine = await interactive();
  await type(machine, 'echo one\recho two\recho two\r');
  t.regex(await type(machine, '\x1b[A\x1b[A\r'), /one\ntest# $/);
  t.is(
    await type(machine, 'history\r'),
    'history\n    1  echo one\n    2  echo two\n    3  echo one\n    4  history\ntest# ',
  );
});

test('a kernel message goes around the line that is being typed', async (t) => {
  const machine = await interactive();
  machine.console.type('echo half');
  machine.console.take();
  machine.tty.notice('[    1.0] disk came\n');
  t.is(machine.console.text, '\r\x1b[K[    1.0] disk came\r\n\rtest# echo half\x1b[K');
  t.is(await type(machine, ' done\r'), ' done\nhalf done\ntest# ');
});

test('UTF-8 may come in pieces', async (t) => {
  const machine = await interactive();
  const bytes = new TextEncoder().encode('echo grüße\r');
  machine.console.take();
  const typed = machine.tty as unknown as {receive(bytes: Uint8Array): void};
  for (const byte of bytes) typed.receive(Uint8Array.of(byte));
  await machine.settle();
  t.is(machine.console.take(), 'echo grüße\ngrüße\ntest# ');
});

test('a command that breaks is our bug and is not swallowed', async (t) => {
  const machine = new FakeMachine();
  machine.memory = () => {
    throw new RangeError('bug');
  };
  await t.throwsAsync(machine.run('free'), {instanceOf: RangeError});
});
