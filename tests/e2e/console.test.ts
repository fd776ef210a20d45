import test from 'ava';
import {XL} from '../support/run.ts';
import {XlHost} from '../support/xl.ts';

const config = (extra: string): string => `name = "hello"\nkernel = "builtin"\nmemory = 16\nextra = "${extra}"\n`;

test.serial('xl create -c shows a guest from its first line, and ends with ^]', async (t) => {
  const host = XlHost.at(t);
  host.write('hello.cfg', config(''));
  const {status, stdout, stderr} = await host.xlTyping('echo hi\r', 'create', '-c', 'hello.cfg');
  t.deepEqual({status, stderr}, {status: 0, stderr: 'Parsing config from hello.cfg\n'});
  t.regex(stdout, /^\[ +[\d.]+\] pvsim built-in guest kernel/);
  // What was typed has reached the guest, which goes on without us.
  await host.waitForConsole('hello', /hello# echo hi\nhi\nhello# $/);
  const again = await host.xlTyping('', 'console', 'hello');
  t.is(again.status, 0);
  t.regex(again.stdout, /^\[ +[\d.]+\] pvsim built-in guest kernel[^]*hello# echo hi\r\nhi\r\nhello# $/);
});

test.serial('xl create -c ends with the guest, after its last words', async (t) => {
  const host = XlHost.at(t);
  host.write('hello.cfg', config("run='echo bye; poweroff'"));
  const {status, stdout} = await host.xlTyping('', 'console', 'nosuch');
  t.deepEqual({status, stdout}, {status: 1, stdout: ''});
  const session = await host.run(XL, ['create', '-c', 'hello.cfg']);
  t.is(session.status, 0);
  t.regex(session.stdout, /hello# echo bye; poweroff\r\nbye\r\n\[ +[\d.]+\] reboot: Power down\r\n$/);
});
