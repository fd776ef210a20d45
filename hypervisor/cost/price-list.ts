import {priceLists} from './price-lists.ts';
import {type Price, prices} from './primitives.ts';

/** How well a number is known. */
export type Certainty =
  /** Read in the source. */
  | 'read'
  /** Derived from such a number, or by counting. */
  | 'derived'
  /** From a paper that was not at hand: confirm before it is printed as the paper's. */
  | 'recalled'
  /** Measured in a lab. */
  | 'measured'
  /** A plausible value that nothing confirms. */
  | 'assumed'
  /** Given by the user. */
  | 'given';

export interface PriceTag {
  /** Nanoseconds, 0 or more. */
  readonly ns: number;
  readonly certainty: Certainty;
  readonly source: string;
}

/** What each primitive costs on some machine. Every modelled time is printed with the name. */
export interface PriceList {
  /** With the changes that were made to it: "dall2016-x86,vmexit=500". */
  readonly name: string;
  /** The machine and where its numbers are from, in a line. */
  readonly source: string;
  readonly tags: Readonly<Record<Price, PriceTag>>;
}

/** A list or price that there is not; the message is one line for the user. */
export class PriceListError extends Error {
  override readonly name = 'PriceListError';
}

export const DEFAULT_PRICE_LIST = 'dall2016-x86';

/** The most that a price may be: a second. */
const MAX_NS = 1e9;

/** A list by name, with prices changed: "dall2016-x86,vmexit=500,upcall=0", in ns. PriceListError. */
export const parsePriceList = (text: string = DEFAULT_PRICE_LIST): PriceList => {
  const [name, ...changes] = text.split(',');
  const list = priceLists.find((each) => each.name === name);
  if (list === undefined)
    throw new PriceListError(`no price list "${name}": there are ${priceLists.map((each) => each.name).join(', ')}`);
  return changes.length === 0 ? list : {...list, name: text, tags: {...list.tags, ...changedTags(changes)}};
};

const changedTags = (changes: readonly string[]): Partial<Record<Price, PriceTag>> =>
  Object.fromEntries(
    changes.map((change) => {
      const [, price, number] = /^(\w+)=(\d+(?:\.\d+)?)$/.exec(change) ?? [];
      if (price === undefined) throw new PriceListError(`"${change}" is not PRICE=NANOSECONDS`);
      if (!Object.hasOwn(prices, price))
        throw new PriceListError(`no price "${price}": there are ${Object.keys(prices).join(', ')}`);
      const ns = Number(number);
      if (ns > MAX_NS) throw new PriceListError(`${price}=${number} is more than a second`);
      return [price, {ns, certainty: 'given', source: 'command line'} satisfies PriceTag];
    }),
  );
