import test from 'ava';
import {parseCommandLine, wordFor} from '../../frontends/guest/command-line.ts';

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

test('words of interfaces: without a number for eth0, with one for that', (t) => {
  const line = parseCommandLine('ip=10.0.0.1/24 ip1=dhcp');
  t.is(wordFor(line, 'ip', 'eth0'), '10.0.0.1/24');
  t.is(wordFor(line, 'ip', 'eth1'), 'dhcp');
  t.is(wordFor(line, 'ip', 'eth2'), undefined);
  t.is(wordFor(line, 'ip', 'lo'), undefined);
  t.is(wordFor(parseCommandLine('ip0=10.0.0.2/31'), 'ip', 'eth0'), '10.0.0.2/31');
});
