import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {ToolstackError} from '../../toolstack/errors.ts';
import {runXl} from '../../toolstack/xl/run.ts';
import {serve} from '../support/served.ts';

/** Creates a domain from a file with these lines more; gives what xl printed on stderr and what the host was asked. */
const create = async (
  t: ExecutionContext,
  lines: string,
  ...options: string[]
): Promise<{stderr: string; calls: string[]}> => {
  const {home, host, connect} = await serve(t);
  const file = join(home.dir, 'x.cfg');
  writeFileSync(file, `name = "x"\nkernel = "builtin"\n${lines}\n`);
  let stderr = '';
  await runXl(['create', ...options, file], {
    cwd: home.dir,
    connect,
    out: () => {},
    complain: (text) => (stderr += `${text}\n`),
  }).catch((error: unknown) => {
    if (!(error instanceof ToolstackError)) throw error;
    stderr += `${error.message}\n`;
  });
  return {stderr: stderr.replaceAll(file, 'x.cfg'), calls: host.calls.filter((call) => call.startsWith('create'))};
};

test('settings without effect are named in a line, those that xl does not know in another', async (t) => {
  const {stderr, calls} = await create(t, 'acpi = 1\nmemroy = 5\nvnc = 1\nvtape = [ "a,b" ]');
  t.is(
    stderr,
    'Parsing config from x.cfg\nxl: without effect in pvsim: acpi, vnc\nxl: unknown settings: memroy, vtape\n',
  );
  t.is(calls.length, 1);
});

test('-q says nothing of them', async (t) => {
  t.is((await create(t, 'acpi = 1\nmemroy = 5', '-q')).stderr, '');
});

test('what a simulator cannot give is refused before anything is made', async (t) => {
  const {stderr, calls} = await create(t, 'pci = [ "01:00.0" ]\nspice = 1\nspiceport = 5900');
  t.is(stderr, 'Parsing config from x.cfg\nxl: pvsim cannot give a guest: pci, spice, spiceport\n');
  t.deepEqual(calls, []);
});

test('what is refused may be switched off', async (t) => {
  t.is((await create(t, 'pci = []\nspice = 0\nsoundhw = ""')).calls.length, 1);
});
