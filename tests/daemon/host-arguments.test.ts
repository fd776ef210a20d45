import {resolve} from 'node:path';
import test from 'ava';
import {formatHostArguments, parseBridges, parseHostArguments} from '../../toolstack/daemon/host-arguments.ts';

/** For vif-nat, where nothing else is said. */
const NAT = {name: 'xennat0', nat: '192.168.77.1/24'};

test('what a daemon is told of its host survives its command line', (t) => {
  const bridges = [
    {name: 'xenbr0', dom0Address: '10.0.0.254', uplinks: ['stream:/run/a', 'dgram:/run/b=1,/run/c']},
    {name: 'inner'},
    {name: 'nat', nat: '10.9.0.1/16', uplinks: ['listen:/run/d']},
  ];
  t.deepEqual(parseHostArguments(formatHostArguments({memoryMib: 512, bridges})), {memoryMib: 512, bridges});
  const watched = {referee: true, ledger: true};
  t.deepEqual(parseHostArguments(formatHostArguments(watched)), watched);
  t.deepEqual(parseHostArguments([]), {});
});

test('uplinks go to the bridges that are named, or to those of every host; paths are those of the caller', (t) => {
  t.is(parseBridges([], []), undefined);
  t.deepEqual(parseBridges([], ['xenbr0=listen:here']), [
    {name: 'xenbr0', dom0Address: '10.0.0.254', uplinks: [`listen:${resolve('here')}`]},
    NAT,
  ]);
  t.deepEqual(parseBridges(['a', 'b'], ['b=dgram:x,/y']), [
    {name: 'a'},
    {name: 'b', uplinks: [`dgram:${resolve('x')},/y`]},
    NAT,
  ]);
});

for (const [bridges, uplink, message] of [
  [[], 'inner=stream:/a', 'pvsim: no bridge inner'],
  [[], 'stream:/a', 'pvsim: "stream:/a" is not of the form BRIDGE=UPLINK'],
  [[], 'xenbr0=/a', 'pvsim: uplink "/a" is not of the form stream:PATH, listen:PATH or dgram:PATH,PEER-PATH'],
  [['a,b,c'], 'a=stream:/a', 'pvsim: "a,b,c" is not of the form NAME[,[nat=]ADDRESS OF DOM0]'],
] as const) {
  test(`refused: ${message}`, (t) => {
    t.throws(() => parseBridges(bridges, [uplink]), {message});
  });
}
