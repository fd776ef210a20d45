import {chmodSync, existsSync, mkdirSync, statSync, symlinkSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import {findHome, homeAt, prepareHome} from '../../toolstack/daemon/home.ts';
import {ToolstackError} from '../../toolstack/errors.ts';
import {temporaryDirectory} from '../support/temporary.ts';

test('PVSIM_HOME wins, then the runtime directory, then a directory of the user below the temporary one', (t) => {
  const runtime = temporaryDirectory(t);
  t.is(findHome({PVSIM_HOME: '/some/where', XDG_RUNTIME_DIR: runtime}).dir, '/some/where');
  t.is(findHome({XDG_RUNTIME_DIR: runtime}).dir, join(runtime, 'pvsim'));
  const last = join(tmpdir(), `pvsim-${process.getuid?.()}`);
  t.is(findHome({}).dir, last);
  t.is(findHome({PVSIM_HOME: '', XDG_RUNTIME_DIR: join(runtime, 'nosuch')}).dir, last);
});

test('a relative PVSIM_HOME is resolved', (t) => {
  t.is(findHome({PVSIM_HOME: 'x'}).socket, join(process.cwd(), 'x', 'host.sock'));
});

test('the directories are for their owner only', (t) => {
  const home = homeAt(join(temporaryDirectory(t), 'a', 'b'));
  prepareHome(home);
  for (const dir of [home.dir, home.logDir]) t.is(statSync(dir).mode & 0o777, 0o700);
  prepareHome(home);
});

test('a directory that others may write to is refused', (t) => {
  const dir = join(temporaryDirectory(t), 'home');
  mkdirSync(dir);
  chmodSync(dir, 0o777);
  const error = t.throws(() => prepareHome(homeAt(dir)), {instanceOf: ToolstackError});
  t.regex(error.message, /others may write to it \(mode 777\)/);
  t.notRegex(error.message, /\n/);
  t.false(existsSync(homeAt(dir).logDir));
});

test('a symbolic link to a directory of ours will do', (t) => {
  const dir = temporaryDirectory(t);
  mkdirSync(join(dir, 'real'), {mode: 0o700});
  symlinkSync(join(dir, 'real'), join(dir, 'link'));
  t.notThrows(() => prepareHome(homeAt(join(dir, 'link'))));
});

test('what cannot be a directory is refused in one line', (t) => {
  const error = t.throws(() => prepareHome(homeAt('/dev/null/x')), {instanceOf: ToolstackError});
  t.regex(error.message, /^pvsim: cannot use \/dev\/null\/x: .*$/);
});

test('a path that does not fit into a socket address is refused', (t) => {
  // sockaddr_un has 108 bytes on Linux, one of them for the final NUL; the longest name in a home is xenstored.sock.
  const longest = `/${'h'.repeat(107 - '//xenstored.sock'.length)}`;
  if (process.platform === 'linux') t.is(findHome({PVSIM_HOME: longest}).dir, longest);
  const error = t.throws(() => findHome({PVSIM_HOME: `${longest}h`}), {instanceOf: ToolstackError});
  t.regex(error.message, /PVSIM_HOME .* is too long: .*108 bytes/);
});
