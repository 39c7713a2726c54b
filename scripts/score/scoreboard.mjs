/** SCOREBOARD.md. @param rows `{ line, record }` each; a line without a record says why. */
export function scoreboard(rows) {
  const met = rows.filter(({ record }) => record?.met).length;
  const missed = rows.filter(({ record }) => record && !record.met).length;
  return `# Scoreboard

Written by \`npm run score\`; each line's last result lies in [docs/proof/records/](docs/proof/records/). A line that could not be
run says why, and counts as nothing. ${met} of ${rows.length} lines are met, ${missed} missed, ${rows.length - met - missed} not run.

| Line | Target | Result | | When |
|---|---|---|---|---|
${rows.map(row).join("\n")}

## Commands

${rows
  .map(command)
  .filter((text) => text !== "")
  .join("\n")}
`;
}

function row({ line, record }) {
  if (!record) return `| ${line.title} | ${line.target} | not run: ${line.notRun ?? "no result is kept"} | – | |`;
  return `| ${line.title} | ${line.target} | ${record.value} | ${record.met ? "met" : "**missed**"} | ${record.date}, ${record.commit} |`;
}

const command = ({ line, record }) => (record ? `- ${line.title}: \`${record.command}\` (${record.machine})` : "");
