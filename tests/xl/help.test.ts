import test from 'ava';
import {readTranscript, stepFor} from '../support/transcript.ts';
import {COMMANDS, findCommand} from '../../toolstack/xl/command-table.ts';
import {helpFor, helpForAll, helpForWord} from '../../toolstack/xl/help.ts';

const recorded = readTranscript('xl', 'xl-help-all.txt');

for (const spec of COMMANDS) {
  test(`xl help ${spec.name} is xl's, letter for letter`, (t) => {
    const step = recorded.find(({args}) => args[0] === 'help' && args[1] === spec.name);
    t.is(helpFor(spec), step?.stdout ?? 'not recorded');
  });
}

test('xl help lists the commands as xl lists them', (t) => {
  t.is(helpForAll(), stepFor(readTranscript('xl', 'xl-help.txt'), 'help').stdout);
});

test('a command has its work, or one line that says why it has none', (t) => {
  for (const {name, load, warns, refuses} of COMMANDS)
    t.is([load, warns, refuses].filter((each) => each !== undefined).length, 1, name);
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
  ['res', 'restore'],
  ['resume', 'resume'],
  ['dt', undefined],
];

for (const [word, name] of abbreviations) {
  test(`"${word}" stands for ${name ?? 'nothing'}`, (t) => {
    t.is(findCommand(word)?.name, name);
  });
}
