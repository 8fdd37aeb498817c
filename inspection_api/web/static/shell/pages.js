// Which pages there are: a row here adds a page to the menu of its `roles` (null: everybody's). The login leads whoever
// has one of the roles in `leads` there, everybody else to the first page of his menu. What he sees, the server decides.

export const PAGES = [
  { path: "/m", title: "现场检查", icon: "phone", roles: ["loan_officer", "exception_handler"], leads: ["loan_officer", "exception_handler"] },
  {
    path: "/desk",
    title: "待办审批",
    icon: "desk",
    roles: ["province_manager", "branch_manager", "sub_branch_manager", "approver", "risk_manager", "service_manager", "information_officer"],
    leads: ["branch_manager", "sub_branch_manager", "approver"],
  },
  {
    path: "/board",
    title: "进度看板",
    icon: "board",
    roles: ["province_manager", "branch_manager", "sub_branch_manager", "approver", "risk_manager", "service_manager", "information_officer", "auditor", "loan_officer"],
    leads: ["province_manager", "risk_manager", "service_manager", "information_officer", "auditor"],
  },
  { path: "/account", title: "我的账户", icon: "person", roles: null, leads: [] },
];

const isFor = (page, roles) => page.roles === null || page.roles.some((role) => roles.includes(role));

export const pagesOf = (me) => PAGES.filter((page) => isFor(page, rolesOf(me)));

export const homeOf = (me) => (PAGES.find((page) => isFor({ roles: page.leads }, rolesOf(me))) || pagesOf(me)[0]).path;

export const rolesOf = (me) => me.assignments.map((held) => held.role);
