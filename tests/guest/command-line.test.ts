import test from 'ava';
import {addressFor, parseCommandLine} from '../../frontends/guest/command-line.ts';

const cases: [text: string, values: Record<string, string>][] = [
  ['', {}],
  ['ip=10.0.0.1/24', {ip: '10.0.0.1/24'}],
  [
    "ip=10.0.0.1/24 run='sha256sum /dev/xvda; ping -c 3 10.0.0.2'",
    {ip: '10.0.0.1/24', run: 'sha256sum /dev/xvda; ping -c 3 10.0.0.2'},
  ],
  ['root=/dev/xvda1 ro "run=echo a b" quiet', {root: '/dev/xvda1', ro: '', run: 'echo a b', quiet: ''}],
  [`run="echo 'x y'"`, {run: "echo 'x y'"}],
  [`run='echo "x y"'`, {run: 'echo "x y"'}],
  ["run='never closed", {run: 'never closed'}],
  ['a=1 a=2', {a: '2'}],
  ['a=b=c', {a: 'b=c'}],
  ['constructor __proto__=1', {constructor: '', ['__proto__']: '1'}],
];

for (const [text, values] of cases) {
  test(`command line ${JSON.stringify(text)}`, (t) => {
    t.deepEqual([...parseCommandLine(text).values], Object.entries(values));
  });
}

const A = 0x0a000001;
const B = 0x0a000002;

test('ip= is for eth0, ipN= for ethN', (t) => {
  const line = parseCommandLine('ip=10.0.0.1/24 ip1=10.0.0.2/8 ip2=10.0.0.2 ip3=1.2.3.400/8');
  t.deepEqual(addressFor(line, 'eth0'), {address: A, prefix: 24});
  t.deepEqual(addressFor(line, 'eth1'), {address: B, prefix: 8});
  t.regex(JSON.stringify(addressFor(line, 'eth2')), /ip=10\.0\.0\.2: not an address with a prefix length/);
  t.regex(JSON.stringify(addressFor(line, 'eth3')), /not an address/);
  t.is(addressFor(line, 'eth4'), undefined);
  t.is(addressFor(line, 'lo'), undefined);
  t.deepEqual(addressFor(parseCommandLine('ip0=10.0.0.2/31'), 'eth0'), {address: B, prefix: 31});
});
