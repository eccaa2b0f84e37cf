const table = document.querySelector("#class");
if (table) {
  const body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
  const find = document.querySelector("#find"), count = document.querySelector("#found");
  const value = (row, i) => row.cells[i].dataset.v ?? row.cells[i].textContent.trim();
  const order = new Intl.Collator(undefined, { numeric: true });
  const sort = (i, down) => {
    const rows = [...body.rows].sort((a, b) => {
      const [x, y] = [value(a, i), value(b, i)];
      if (x === "" || y === "") return (x === "") - (y === "");
      return (down ? -1 : 1) * order.compare(x, y);
    });
    body.append(...rows);
    heads.forEach((h, j) => h.setAttribute("aria-sort", j !== i ? "none" : down ? "descending" : "ascending"));
  };
  heads.forEach((head, i) => head.querySelector("button").addEventListener("click", () =>
    sort(i, head.getAttribute("aria-sort") === "ascending" || (head.classList.contains("n") && head.getAttribute("aria-sort") !== "descending"))));
  const search = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of body.rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every(word => text.includes(word));
      shown += !row.hidden;
    }
    count.textContent = words.length ? `${shown} of ${body.rows.length}` : "";
  };
  find.addEventListener("input", search);
  body.addEventListener("click", event => {
    const link = event.target.closest("tr")?.querySelector("a");
    if (link && !event.target.closest("a") && !String(getSelection())) link.click();
  });
  document.querySelector("#tools").hidden = false;
}
