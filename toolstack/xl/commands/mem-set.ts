import type {Run} from '../command.ts';
import {findDomain} from '../find-domain.ts';
import {orFail} from '../libxl-errors.ts';
import {parseMemorySizeKib} from '../memory-size.ts';

/** @see golden/cli/xl-mem-set.txt */
export const run: Run = async (xl, _options, [domain, size]) => {
  const domid = await findDomain(xl, domain);
  const targetKib = parseMemorySizeKib(size);
  const client = await xl.client();
  await orFail(
    client.call('domain.setMemoryTarget', {domid, targetKib}),
    () => `cannot set domid ${domid} dynamic max memory to : ${size}`,
  );
  return 0;
};
