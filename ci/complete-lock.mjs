// Native tools list one optional package a platform. A registry that mirrors only some platforms
// makes npm leave the others out of the lock file, which `npm ci` then refuses everywhere. This adds
// the missing entries (platform from the name, no hash: they are never fetched here). To be run
// after `npm install <package>`; `--check` only says what is missing.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const LOCK = fileURLToPath(new URL('../package-lock.json', import.meta.url));
const EXACT_VERSION = /^\d+\.\d+\.\d+/;
const PLATFORMS = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'];
const CPUS = ['arm64', 'arm', 'ia32', 'ppc64', 'riscv64', 's390x', 'x64'];

function platformOf(name) {
  const words = name.split(/[/-]/);
  const os = PLATFORMS.filter((platform) => words.includes(platform));
  const cpu = CPUS.filter((known) => words.includes(known));
  const libc = words.some((word) => word.startsWith('musl')) ? { libc: ['musl'] } : {};
  if (os.length !== 1 || cpu.length !== 1) throw new Error(`no platform in the name ${name}`);
  return { cpu, ...libc, os };
}

function isLocked(packages, owner, name) {
  return [`${owner}/node_modules/${name}`, `node_modules/${name}`].some((path) => path in packages);
}

const lock = JSON.parse(readFileSync(LOCK, 'utf8'));
const added = [];
for (const [owner, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (isLocked(lock.packages, owner, name)) continue;
    if (!EXACT_VERSION.test(version)) throw new Error(`${name} ${version} is no exact version`);
    const { cpu, libc, os } = platformOf(name);
    const dev = entry.dev ? { dev: true } : {};
    const { license } = entry;
    const place = `node_modules/${name}`;
    lock.packages[place] = { version, cpu, ...dev, libc, license, optional: true, os };
    added.push(`${name}@${version}`);
  }
}
if (added.length === 0) console.log('package-lock.json names every platform');
else if (process.argv.includes('--check')) {
  console.error(`package-lock.json lacks ${added.join(', ')}: run node ci/complete-lock.mjs`);
  process.exitCode = 1;
} else {
  const entries = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en'));
  lock.packages = Object.fromEntries(entries);
  writeFileSync(LOCK, `${JSON.stringify(lock, null, 2)}\n`);
  console.log(`added ${added.length} entries to package-lock.json`);
}
