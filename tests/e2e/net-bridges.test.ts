import {connect} from 'node:net';
import {once} from 'node:events';
import test from 'ava';
import {XlHost} from '../support/xl.ts';

test('bridges are added while the host runs, and shown with their ports and addresses', async (t) => {
  const host = XlHost.at(t);
  const net = async (...args: string[]): Promise<string> => {
    const {stdout, stderr} = await host.pvsim('net', ...args);
    return stdout + stderr;
  };
  t.regex(await net('bridges'), /^pvsim: no host runs in .*\n$/);
  await host.create('guest', 'vif = ["bridge=xenbr0,mac=00:16:3e:00:00:01"]', 'extra = "ip=10.0.0.1/24"');
  const socket = host.path('cable');
  t.is(await net('add', 'inner,10.9.0.254', '--uplink', `listen:${socket}`), '');
  const peer = connect(socket);
  await once(peer, 'connect');
  peer.destroy();
  await host.ok('network-attach', 'guest', 'bridge=inner', 'mac=00:16:3e:00:00:02');
  await host.type('guest', 'ifconfig eth1 10.9.0.1/24; ping -c 1 10.9.0.254', / 1 received/);
  const shown = await net('bridges');
  t.regex(shown, /^xenbr0\n {2}dom0 +in \d+ +out \d+ +none\n {2}vif1\.0 +in \d+ +out \d+ +none\n/m);
  t.regex(shown, /^inner\n {2}dom0 .*\n {2}listen:.*cable +in 0 +out \d+ +none\n {2}vif1\.1 /m);
  t.regex(shown, /^ {2}00:16:3e:00:00:02 +vif1\.1 +\d+ s$/m);
  t.regex(shown, /^ {2}00:16:3e:\S+ +dom0 +local$/m);
  for (const [args, message] of [
    [['inner'], 'pvsim: there is a bridge inner\n'],
    [['xennat0,nat=10.3.0.1'], 'pvsim: there is a bridge xennat0\n'],
    [['a/b'], 'pvsim: "a/b" cannot name a bridge\n'],
    [
      ['new', '--uplink', 'stream'],
      'pvsim: uplink "stream" is not of the form stream:PATH, listen:PATH or dgram:PATH,PEER-PATH\n',
    ],
    [['more', '--uplink', `listen:${host.path('no/such')}`], /^pvsim: uplink listen:\S+: listen (EACCES|ENOENT)/],
  ] as const) {
    const said = await net('add', ...args);
    if (typeof message === 'string') t.is(said, message);
    else t.regex(said, message);
  }
});
