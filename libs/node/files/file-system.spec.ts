import { describe, expect, it } from 'vitest';
import { createVirtualClock } from '@drydock/base/clock';
import { createFileSystem, directory, file } from './index.ts';

const bytes = new TextEncoder().encode('x');
const readOnly = 'Read-only file system';

/** A sealed root with a writable mount, a read-only one, and a single file mounted where nothing may be written. */
function sealed() {
  const fs = createFileSystem({ clock: createVirtualClock() });
  fs.mkdirAll('/etc/deep');
  fs.writeFile('/etc/deep/file', bytes);
  const shared = directory(0);
  shared.entries.set('inner', directory(0));
  fs.mount('/data', { ...shared, readOnly: false });
  fs.mount('/view', { ...shared, readOnly: true });
  const log = file('', 0);
  log.readOnly = false;
  fs.mount('/etc/log', log);
  fs.root.readOnly = true;
  return fs;
}

describe('a read-only file system', () => {
  it('is read-only in all its depth', () => {
    const fs = sealed();
    const attempts = [
      () => fs.writeFile('/new', bytes),
      () => fs.writeFile('/etc/deep/file', bytes),
      () => fs.open('/etc/deep/file', false),
      () => fs.writeFile('/data/../etc/deep/new', bytes),
      () => fs.mkdir('/etc/deep/more'),
      () => fs.symlink('/data', '/etc/deep/link'),
      () => fs.hardLink('/etc/deep/file', '/etc/deep/second'),
      () => fs.remove('/etc/deep/file'),
      () => fs.removeAll('/etc/deep'),
      () => fs.rename('/data/inner', '/etc/deep/inner'),
      () => fs.rename('/etc/deep', '/data/deep'),
      () => fs.change('/etc/deep/file'),
      () => fs.change('/etc'),
      () => fs.writeFile('/view/inner/new', bytes),
    ];
    for (const attempt of attempts) expect(attempt).toThrow(readOnly);
    expect(fs.readFile('/etc/deep/file')).toEqual(bytes);
  });

  it('may be written where something writable is mounted', () => {
    const fs = sealed();
    fs.writeFile('/data/inner/new', bytes);
    // The other mount is a view of the same.
    expect(fs.readFile('/view/inner/new')).toEqual(bytes);
    fs.writeFile('/etc/log', bytes);
    expect(fs.change('/etc/log').kind).toBe('file');
    fs.symlink('/data/inner/new', '/data/link');
    fs.writeFile('/data/link', bytes);
    expect(() => fs.removeAll('/data')).toThrow(readOnly);
    fs.root.readOnly = false;
    expect(() => fs.removeAll('/data')).toThrow('Device or resource busy');
  });

  it('takes mounts all the same', () => {
    const fs = sealed();
    fs.mount('/view/inner/below/mount', { ...directory(0), readOnly: false });
    fs.writeFile('/view/inner/below/mount/file', bytes);
    expect(fs.exists('/data/inner/below/mount/file')).toBe(true);
  });
});
