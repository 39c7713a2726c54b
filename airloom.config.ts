/** This repository as a project of Airloom: its Dags are the examples. */
export default { core: { dagsFolder: "examples" } };
