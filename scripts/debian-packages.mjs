// `node scripts/debian-packages.mjs build network`: installs what is missing for these purposes.
import { ensureDebianPackages } from './lib/debian.mjs';

const purposes = process.argv
  .slice(2)
  .filter((word) => word === 'build' || word === 'network' || word === 'desktop' || word === 'bench');
if (purposes.length === 0) {
  console.error('usage: node scripts/debian-packages.mjs build|network|desktop|bench ...');
  process.exit(2);
}
process.exit(ensureDebianPackages(purposes) ? 0 : 1);
