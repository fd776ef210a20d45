/** Who a clause binds. A producer or consumer may be either end of a ring. */
export type ClauseSide =
  'frontend' | 'backend' | 'both' | 'producer' | 'consumer' | 'hypervisor' | 'xenstore' | 'toolstack';

/** MUST: a breach is a failure. SHOULD: recommended. MAY: a liberty that the peer has to bear. */
export type Severity = 'MUST' | 'SHOULD' | 'MAY';

/** What a clause rests on: a header or document, what an implementation does, or a security advisory. */
export type Basis = 'specification' | 'implementation' | 'advisory';

/** Whose behaviour a clause of basis `implementation` describes. */
export type ImplementationProfile = 'xen' | 'linux' | 'qemu' | 'windows' | 'mirage' | 'bsd';

/** One numbered rule of a protocol. */
export interface Clause {
  /** "RING-LAY-01": protocol, topic, number. */
  readonly id: string;
  readonly side: ClauseSide;
  readonly severity: Severity;
  readonly basis: Basis;
  /** Of basis `implementation` only. */
  readonly profile?: ImplementationProfile;
  /** Header, document, advisory or program that the rule is from. */
  readonly source: string;
  readonly rule: string;
  /** How to find out, in a few words. */
  readonly probe: string;
  /** Security advisories about breaches: "XSA-155". */
  readonly advisories?: readonly string[];
  /** What was wrong with the clause before, and where that can be read. */
  readonly correction?: string;
}
