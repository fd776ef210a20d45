import test from 'ava';
import {readFixture} from '../support/fixtures.ts';
import {readTranscript} from '../support/transcript.ts';
import {COMMANDS, findCommandName, UNSUPPORTED} from '../../toolstack/xl/command-table.ts';
import {helpFor, helpForAll, helpForWord} from '../../toolstack/xl/help.ts';

const recorded = readTranscript('xl', 'xl-help-all.txt');

for (const spec of COMMANDS) {
  test(`xl help ${spec.name} is xl's, letter for letter`, (t) => {
    const step = recorded.find(({args}) => args[0] === 'help' && args[1] === spec.name);
    t.is(helpFor(spec), step?.stdout ?? 'not recorded');
  });
}

test('xl help lists what works as xl lists it', (t) => {
  const theirs = readFixture('xl', 'xl-help.txt').split('\n');
  const [ours, header] = [helpForAll().split('\n').slice(4, -1), helpForAll().split('\n').slice(0, 4)];
  t.deepEqual(header, theirs.slice(2, 6));
  t.is(ours.length, COMMANDS.length);
  t.deepEqual(
    ours,
    theirs.filter((line) => ours.includes(line)),
    'same lines in the same order',
  );
});

test('all commands of xl 4.17 are known by name', (t) => {
  const names = recorded.filter(({args}) => args[0] === 'help' && args[1] !== 'nosuch').map(({args}) => args[1]);
  t.deepEqual([...COMMANDS.map(({name}) => name), ...UNSUPPORTED].sort(), [...new Set(names)].sort());
});

test('help for an unknown word', (t) => {
  const step = recorded.find(({args}) => args.join(' ') === 'help nosuch');
  t.is(helpForWord('nosuch'), step?.stdout ?? 'not recorded');
  t.is(helpForWord('desc'), 'command "desc" not implemented\n');
  t.is(helpForWord('des'), helpForWord('destroy'));
});

const abbreviations: readonly [string, string | undefined][] = [
  ['list', 'list'],
  ['li', 'list'],
  ['l', undefined],
  ['loa', 'loadpolicy'],
  ['des', 'destroy'],
  ['migrate', 'migrate'],
  ['migr', undefined],
  ['migrate-', 'migrate-receive'],
  ['network-l', 'network-list'],
  ['network', undefined],
  ['', undefined],
  ['nosuch', undefined],
];

for (const [word, name] of abbreviations) {
  test(`"${word}" stands for ${name ?? 'nothing'}`, (t) => {
    t.is(findCommandName(word), name);
  });
}
