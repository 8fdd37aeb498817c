// Which pages there are and whom each is for: a row here adds it to everybody's menu. The first page of a person's
// first role, in the order of the rows, is where the login leads him. What he may see there, the server decides.

export const PAGES = [
  { path: "/account", title: "我的账户", icon: "person", roles: null },
];

const isFor = (page, roles) => page.roles === null || page.roles.some((role) => roles.includes(role));

export const pagesOf = (me) => PAGES.filter((page) => isFor(page, rolesOf(me)));

export const homeOf = (me) => pagesOf(me)[0].path;

export const rolesOf = (me) => me.assignments.map((held) => held.role);
