import {parsePriceList, type PriceList, PriceListError} from '../../../hypervisor/cost/index.ts';
import {usage} from './usage.ts';

/** The list that --price names; the default one where it is not given. */
export const priceListOf = (text: string | undefined): PriceList => {
  try {
    return parsePriceList(text);
  } catch (error) {
    if (error instanceof PriceListError) throw usage(`--price ${text}: ${error.message}`);
    throw error;
  }
};
