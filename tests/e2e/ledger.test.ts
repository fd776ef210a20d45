import test from 'ava';
import type {CostEntry} from '../../toolstack/daemon/protocol.ts';
import type {Outcome} from '../support/run.ts';
import {XlHost} from '../support/xl.ts';

test('pvsim ledger shows what a guest has cost, or why there is nothing', async (t) => {
  const host = XlHost.at(t);
  const ledger = (...args: string[]): Promise<Outcome> => host.pvsim('ledger', ...args);
  t.like(await ledger('--price', 'nope'), {stdout: '', status: 2});
  t.like(await ledger('--watch', '0'), {stderr: 'pvsim: --watch must be a number of seconds above 0\n', status: 2});
  t.regex((await ledger()).stderr, /^pvsim: no host runs in \S+\n$/);

  await host.pvsim('host', 'start');
  t.like(await ledger(), {
    stderr: 'pvsim: this host keeps no ledger: start it with "pvsim host start --ledger"\n',
    status: 1,
  });
  await host.pvsim('host', 'stop');

  await host.pvsim('host', 'start', '--ledger');
  await host.create('counted', 'disk = ["ram:1m,raw,xvda,w"]');
  await host.type('counted', 'dd if=/dev/xvda of=/dev/null bs=4096 count=8', /8\+0 records in/);
  const {stdout, status} = await ledger('counted');
  t.is(status, 0);
  t.regex(stdout, /^counted vbd\/51712: 8 requests\n/m);
  t.regex(stdout, /^ {2}modelled by dall2016-x86, of a request: /m);
  const entries = JSON.parse((await ledger('--json')).stdout) as CostEntry[];
  t.is(entries.find(({device, side}) => device === 'vbd/51712' && side === 'back')?.counts.request, 8);
  t.like(await ledger('7'), {stderr: 'pvsim: no domain "7"\n', status: 1});
});
