import {rdmPolicy, type RdmPolicy} from './pci-spec.ts';

/** The policy for reserved device memory. */
export type RdmConfig = {strategy: 'ignore' | 'host'; policy: RdmPolicy | 'invalid'};

export type RdmFacts = RdmConfig & {ok: boolean; messages: readonly string[]};

const OPTION = /^([^=]*)=([^,]*)(,?)/;

/**
 * Reads `strategy=host[,policy=strict|relaxed]` as libxlu does. Its test of the policy is the wrong way round: a valid
 * one ends the reading with an error, an unknown one is complained about and accepted.
 */
export const parseRdmSpec = (spec: string): RdmFacts => {
  const rdm: RdmConfig = {strategy: 'ignore', policy: 'invalid'};
  const messages: string[] = [];
  const failed = (...more: string[]): RdmFacts => ({...rdm, ok: false, messages: [...messages, ...more]});
  let rest = spec;
  for (;;) {
    const match = OPTION.exec(rest);
    if (match === null) return failed();
    const [all, key, value, comma] = match;
    if (key === 'strategy') {
      if (value !== 'host') return failed(`Unknown RDM strategy option: ${value}`);
      rdm.strategy = 'host';
    } else if (key === 'policy') {
      const policy = rdmPolicy(value);
      if (policy !== undefined) {
        rdm.policy = policy;
        return failed();
      }
      messages.push(`Unknown RDM policy: ${value}`);
    } else return failed(`Unknown RDM state option: ${key}`);
    if (comma === '') return {...rdm, ok: true, messages};
    rest = rest.slice(all.length);
  }
};
