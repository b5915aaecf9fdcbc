// `npm start`: says where to go while there is no window.
console.log(`Bowline has no window in this version. What there is:

  npm run demo -- --stay    a virtual home on this machine, with cables to pull (needs root)
  bin/bowline --help        the command line, for a daemon that runs (built by npm run build)

README.md says how to run it between a real laptop and a real box.`);
