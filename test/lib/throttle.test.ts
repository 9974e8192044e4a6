import { expect, test } from 'vitest';
import { Throttle } from '../../src/lib/throttle.js';

/** A throttle whose writes are kept, end only when they are told to, and can be waited for. */
function watched(everyMs: number) {
  const written: number[] = [];
  const open: (() => void)[] = [];
  const waiting: (() => void)[] = [];
  let atOnce = 0;
  const throttle = new Throttle<number>(everyMs, async value => {
    atOnce += 1;
    expect(atOnce).toBe(1);
    written.push(value);
    for (const resolve of waiting.splice(0)) resolve();
    await new Promise<void>(resolve => open.push(resolve));
    atOnce -= 1;
  });
  return {
    throttle,
    written,
    endWrite: () => open.shift()?.(),
    nextWrite: () => new Promise<void>(resolve => waiting.push(resolve)),
  };
}

test('the first value is written at once, then the newest, and the last one though nothing follows it', async () => {
  const { throttle, written, endWrite, nextWrite } = watched(20);
  const first = nextWrite();
  for (const value of [1, 2, 3]) throttle.put(value);
  await first;
  expect(written).toEqual([1]);
  const second = nextWrite();
  endWrite();
  await second;
  expect(written).toEqual([1, 3]);
  const third = nextWrite();
  for (const value of [4, 5]) throttle.put(value);
  endWrite();
  await third;
  expect(written).toEqual([1, 3, 5]);
  endWrite();
  await throttle[Symbol.asyncDispose]();
});

test('disposing waits for the write under way, and nothing comes after it', async () => {
  const { throttle, written, endWrite } = watched(0);
  for (const value of [1, 2]) throttle.put(value);
  let isDisposed = false;
  const disposed = throttle[Symbol.asyncDispose]().then(() => {
    isDisposed = true;
  });
  await new Promise(resolve => setImmediate(resolve));
  expect(isDisposed).toBe(false);
  endWrite();
  await disposed;
  throttle.put(3);
  expect(written).toEqual([1]);
});

test('a write that fails does not keep the next one back', async () => {
  const written: number[] = [];
  await new Promise<void>(resolve => {
    const throttle = new Throttle<number>(0, async value => {
      written.push(value);
      if (value === 2) resolve();
      throw new Error('the disk is full');
    });
    throttle.put(1);
    throttle.put(2);
  });
  expect(written).toEqual([1, 2]);
});
