import test from 'ava';
import {createBlockRig, pattern, tempImage} from '../support/block.ts';

test('a disk connects, and its bytes are those of the image', async (t) => {
  const image = pattern(256 * 1024);
  const block = await createBlockRig();
  await block.attach({target: tempImage(t, image)});
  await block.settle();
  t.is(await block.states(), '4/4');
  t.is(block.disk.name, 'xvda');
  t.is(block.disk.sizeBytes, image.length);
  t.deepEqual(await block.run(() => block.disk.read(0, image.length)), image);
});
