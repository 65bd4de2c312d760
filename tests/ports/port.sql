create table t(a integer primary key, b text, c real);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 500)
insert into t select i, 'row ' || (i * 7919 % 1009), i / 3.0 from n;
create index x on t(b);
select count(*), sum(a), round(avg(c), 6), min(b), max(b) from t;
select * from t where b like 'row 1%' order by b limit 5;
begin; delete from t where a % 2; rollback;
select count(*) from t;
delete from t where a % 3;
select count(*), group_concat(a, ',') from t where a < 40;
select typeof(1.5), hex('abc'), printf('%.3f|%5d|%s', 2.0 / 3, 42, 'x');
pragma integrity_check;
vacuum;
select count(*) from sqlite_master;
select count(*) from no_such_table;
