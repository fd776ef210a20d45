import {CpuidPolicy, type CpuidError} from '../cpuid/policy.ts';
import type {Step} from './step.ts';

/** A part that is wrong is printed and left out; the guest is made all the same. */
const complaint = (what: string, text: string, {number, text: reason}: CpuidError): string[] => [
  `while parsing CPUID ${what}: "${text}":`,
  `  error #${number}: ${reason}`,
];

/** `"host,flag=value,..."`, or a list in the old form with the bits of whole registers. */
const cpuid: Step = ({reader, draft}) => {
  const policy = new CpuidPolicy();
  const items = reader.strings('cpuid', {quiet: true});
  for (const {text} of items ?? []) {
    const error = policy.addLine(text);
    if (error !== undefined) reader.warn(...complaint('line', text, error));
  }
  const text = items === undefined ? reader.string('cpuid') : undefined;
  const words = (text ?? '').split(',').filter((word) => word !== '');
  if (words.length > 0 && words[0] !== 'host') {
    reader.warn(`while parsing CPUID string: "${text}":`, '  error: first word must be "host"');
  } else {
    for (const word of words.slice(1)) {
      const error = policy.addFlag(word);
      if (error !== undefined) reader.warn(...complaint('flag', word, error));
    }
  }
  if (!policy.isEmpty) draft.libxl.buildInfo.cpuid = policy.toJson();
};

export const CPUID_STEPS: readonly Step[] = [cpuid];
