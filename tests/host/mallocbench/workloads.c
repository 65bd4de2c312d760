/* Allocator workloads.  Compiled once; linked with every allocator.
 * Output: one "R wl=<name> key=value ..." line per measured phase. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <malloc.h>
#include "ps.h"
#include "plat.h"
extern const char *bench_phase;
int bm_trim(void) __attribute__((weak));
void bm_stats(void) __attribute__((weak));
void *aligned_alloc(size_t,size_t);

static uint64_t t0,p0,last_instr; static struct ps_stats s0; static uint64_t touched_max;
static void ck_touch(void){ uint64_t t=ps_touched(); if(t>touched_max) touched_max=t; }
static void begin(void){ s0=ps; p0=ps.instr; t0=rdinstret(); }
static void end(void){ uint64_t t=rdinstret(); last_instr=(t-t0)-(ps.instr-p0); }
static void rep(const char*wl,const char*ph,uint64_t ops){
  printf("R wl=%s ph=%s ops=%lu instr=%lu map=%lu unmap=%lu reserve=%lu commit=%lu decommit=%lu sbrk=%lu sbrkcall=%lu protect=%lu other=%lu cur=%lu peak=%lu total=%lu\n",
    wl,ph,ops,last_instr,ps.n_map-s0.n_map,ps.n_unmap-s0.n_unmap,ps.n_reserve-s0.n_reserve,ps.n_commit-s0.n_commit,ps.n_decommit-s0.n_decommit,
    ps.n_sbrk-s0.n_sbrk,ps.n_sbrk_call-s0.n_sbrk_call,ps.n_protect-s0.n_protect,ps.n_other-s0.n_other,ps.cur,ps.peak,ps.total-s0.total);
}
static void fin(const char*wl){          /* everything has been freed */
  uint64_t m=ps.cur,t=ps_touched(),i=ps_ipcs(); uint64_t m2=m; uint64_t i2=i;
  if(bm_trim){ bm_trim(); m2=ps.cur; i2=ps_ipcs(); }
  printf("F wl=%s end_mapped=%lu end_touched=%lu ipcs=%lu trim_mapped=%lu trim_ipcs=%lu peak=%lu touched_max=%lu has_trim=%d\n",wl,m,t,i,m2,i2-i,ps.peak,touched_max,bm_trim!=0);
  if(bm_stats) bm_stats();
}
static uint64_t rs=0x9E3779B97F4A7C15ull;
static inline uint64_t rnd(void){ rs^=rs<<13; rs^=rs>>7; rs^=rs<<17; return rs; }
static void die(const char*m){ printf("EVENT=fail phase=%s msg=%s\n",bench_phase,m); plat_exit(2); }
#define CHK(p) do{ if(!(p)) die("null"); }while(0)
#define TOUCH(p,n) do{ ((volatile char*)(p))[0]=1; ((volatile char*)(p))[(n)-1]=1; }while(0)

/* --- 0: first allocation --- */
static void w_first(void){ begin(); char*p=malloc(16); CHK(p); TOUCH(p,16); end(); rep("first","malloc",1); ck_touch(); 
  printf("C wl=first at=after1 mapped=%lu touched=%lu\n",ps.cur,ps_touched());
  begin(); free(p); end(); rep("first","free",1); fin("first"); }
/* --- 1: LIFO pair of one size --- */
static void w_pair(size_t n,long k,const char*name){ for(int i=0;i<4;i++){ char*p=malloc(n); CHK(p); TOUCH(p,n); free(p);} 
  begin(); for(long i=0;i<k;i++){ char*p=malloc(n); CHK(p); TOUCH(p,n); free(p);} end(); rep(name,"warm",k); ck_touch(); fin(name); }
/* --- 16: same with 100 live neighbours of the same size (no page-retire corner case) --- */
static void *hold[100];
static void w_pairhold(size_t n,long k,const char*name){ for(int i=0;i<100;i++){ char*p=malloc(n); CHK(p); TOUCH(p,n); hold[i]=p; } for(int i=0;i<100;i+=2){ free(hold[i]); hold[i]=0; }
  begin(); for(long i=0;i<k;i++){ char*p=malloc(n); CHK(p); TOUCH(p,n); free(p);} end(); rep(name,"warm",k); ck_touch(); for(int i=0;i<100;i++) free(hold[i]); fin(name); }
/* --- 2,3,4: 10,000 x 32 B --- */
static void *tab[300000]; static uint32_t perm[300000]; static uint32_t sz[300000];
#define N32 10000
static void w_32(int mode,const char*name){
  for(int i=0;i<N32;i++) perm[i]= mode==1? N32-1-i : i;
  if(mode==2) for(int i=N32-1;i>0;i--){ int j=rnd()%(i+1); uint32_t t=perm[i]; perm[i]=perm[j]; perm[j]=t; }
  uint64_t a=0,f=0;
  for(int r=0;r<10;r++){
    if(r<2) a=f=0;
    begin(); for(int i=0;i<N32;i++){ char*p=malloc(32); CHK(p); TOUCH(p,32); tab[i]=p; } end(); a+=last_instr; if(r==0){ rep(name,"cold_alloc",N32); ck_touch(); }
    begin(); for(int i=0;i<N32;i++) free(tab[perm[i]]); end(); f+=last_instr; if(r==0) rep(name,"cold_free",N32);
  }
  last_instr=a; rep(name,"warm_alloc",9*N32); last_instr=f; rep(name,"warm_free",9*N32); fin(name);
}
/* --- 5,6: random replacement --- */
static inline size_t sz_small(void){ return 16+rnd()%497; }
static inline size_t sz_tail(void){ uint64_t r=rnd(); unsigned e=4+(r&0xffff)%14; size_t b=1ul<<e; return b+((r>>16)&(b-1)); }   /* log-uniform 16..262143 */
static void w_repl(int slots,long ops,int tail,const char*name){
  memset(tab,0,sizeof(void*)*slots);
  begin();
  for(long i=0;i<ops;i++){ unsigned s=rnd()%slots; if(tab[s]) free(tab[s]); size_t n= tail? sz_tail():sz_small(); char*p=malloc(n); CHK(p); TOUCH(p,n); tab[s]=p; }
  end(); rep(name,"run",ops); ck_touch();
  begin(); for(int i=0;i<slots;i++) if(tab[i]) free(tab[i]); end(); rep(name,"drain",slots); fin(name);
}
/* --- 7: realloc --- */
static void w_realloc_dbl(void){ begin(); for(int k=0;k<100;k++){ char*p=0; for(size_t n=16;n<=1048576;n*=2){ p=realloc(p,n); CHK(p); TOUCH(p,n); } free(p);} end(); rep("realloc_x2","run",100*17); ck_touch(); fin("realloc_x2"); }
static void w_realloc_inc(void){ begin(); char*p=0; long ops=0; for(size_t n=16;n<=1048576;n+=64){ p=realloc(p,n); CHK(p); TOUCH(p,n); ops++; } ck_touch(); free(p); end(); rep("realloc_+64","run",ops); fin("realloc_+64"); }
static void w_realloc_two(void){ begin(); char*p=0,*q=0; long ops=0; for(size_t n=16;n<=262144;n+=64){ p=realloc(p,n); CHK(p); TOUCH(p,n); q=realloc(q,n); CHK(q); TOUCH(q,n); ops+=2; } ck_touch(); free(p); free(q); end(); rep("realloc_2vec","run",ops); fin("realloc_2vec"); }
/* --- 8: calloc --- */
static void w_calloc(size_t n,long k,const char*name){ begin(); char*p=calloc(1,n); CHK(p); TOUCH(p,n); free(p); end(); rep(name,"first",1);
  begin(); for(long i=0;i<k;i++){ p=calloc(1,n); CHK(p); TOUCH(p,n); free(p);} end(); rep(name,"pair",k);
  int h=64; begin(); for(int i=0;i<h;i++){ tab[i]=calloc(1,n); CHK(tab[i]); TOUCH(tab[i],n);} end(); rep(name,"hold64",h); ck_touch();
  for(int i=0;i<h;i++) free(tab[i]); fin(name); }
/* --- 9: aligned --- */
static void w_aligned(size_t al,size_t n,int slots,long ops,const char*name){
  memset(tab,0,sizeof(void*)*slots); begin();
  for(long i=0;i<ops;i++){ unsigned s=rnd()%slots; if(tab[s]) free(tab[s]); char*p=aligned_alloc(al,n); CHK(p); if((uintptr_t)p&(al-1)) die("misaligned"); TOUCH(p,n); tab[s]=p; }
  end(); rep(name,"run",ops); ck_touch();
  for(int i=0;i<slots;i++) if(tab[i]) free(tab[i]);
  fin(name);
}
/* --- 10: fragmentation --- */
static void cp(const char*at,uint64_t live){ ck_touch(); printf("C wl=frag at=%s live=%lu mapped=%lu touched=%lu ipcs=%lu\n",at,live,ps.cur,ps_touched(),ps_ipcs()); }
static void w_frag(void){
  long n=0; uint64_t live=0; 
  begin(); while(live<(64ul<<20)){ size_t k=sz_small(); char*p=malloc(k); CHK(p); TOUCH(p,k); tab[n]=p; sz[n]=k; live+=k; n++; } end(); rep("frag","A_alloc",n); cp("A",live);
  long m=0; begin(); for(long i=0;i<n;i+=2){ free(tab[i]); tab[i]=0; live-=sz[i]; m++; } end(); rep("frag","B_free",m); cp("B",live);
  static void *big[40000]; long b=0; begin(); while(live<(64ul<<20)){ char*p=malloc(1024); CHK(p); TOUCH(p,1024); big[b++]=p; live+=1024; } end(); rep("frag","C_alloc1024",b); cp("C",live);
  begin(); for(long i=1;i<n;i+=2) free(tab[i]); for(long i=0;i<b;i++) free(big[i]); end(); rep("frag","D_free",n/2+b); cp("D",0); fin("frag");
}
/* --- 11: phased sizes: many generations, each a different size class, small survivor set --- */
static void w_phases(void){ long n=0,ops=0; begin();
  for(int g=0;g<24;g++){ size_t k=16+g*40; long c=(2ul<<20)/k; long base=n; ops+=c; for(long i=0;i<c;i++){ char*p=malloc(k); CHK(p); TOUCH(p,k); tab[base+i]=p; }
    long w=base; for(long i=0;i<c;i++){ if(rnd()%64==0) tab[w++]=tab[base+i]; else free(tab[base+i]); } n=w; }
  end(); rep("phases","run",ops); ck_touch(); printf("C wl=phases at=survivors n=%ld mapped=%lu touched=%lu\n",n,ps.cur,ps_touched());
  for(long i=0;i<n;i++) free(tab[i]);
  fin("phases"); }

/* --- 50: correctness self test --- */
static void w_self(void){ bench_phase="self"; memset(tab,0,sizeof(void*)*2048); static unsigned char tg[2048]; static size_t al16;
  for(long i=0;i<400000;i++){ unsigned s=rnd()%2048; unsigned char*p=tab[s]; uint64_t r=rnd();
    if(p){ size_t n=sz[s]; for(size_t k=0;k<n;k+=(n>4096?997:1)) if(p[k]!=tg[s]) die("corrupt"); if(p[n-1]!=tg[s]) die("corrupt-end"); }
    unsigned op=r%8; size_t n= (r>>8)%64==0? sz_tail() : (r>>8)%5==0? (r>>20)%2000 : sz_small(); if(!n) n=1;
    if(p && op<3){ free(p); tab[s]=0; continue; }
    if(p && op<5){ size_t o=sz[s]; unsigned char*q=realloc(p,n); CHK(q); size_t m=o<n?o:n; for(size_t k=0;k<m;k++) if(q[k]!=tg[s]) die("realloc-lost"); p=q; }
    else { if(p) free(p); if(op==5){ p=calloc(n,1); CHK(p); for(size_t k=0;k<n;k++) if(p[k]) die("calloc-dirty"); }
      else if(op==6){ size_t a=16ul<<((r>>40)%9); n=(n+a-1)/a*a; p=aligned_alloc(a,n); CHK(p); if((uintptr_t)p&(a-1)) die("misaligned"); }
      else { p=malloc(n); CHK(p);} }
    if((uintptr_t)p&15) al16++;
    tg[s]=(unsigned char)rnd(); memset(p,tg[s],n); tab[s]=p; sz[s]=n; }
  for(int i=0;i<2048;i++) if(tab[i]){ unsigned char*p=tab[i]; for(size_t k=0;k<sz[i];k++) if(p[k]!=tg[i]) die("corrupt"); free(p); }
  /* edge cases */
  void*z=malloc(0); free(z); free(NULL); void*h=malloc((size_t)-1/2+10); int hc=(h==NULL); void*c=calloc((size_t)1<<33,(size_t)1<<33); int cc=(c==NULL);
  void*y=malloc((size_t)-100); int yc=(y==NULL);
  printf("S self=ok unaligned16=%lu malloc0=%s huge_null=%d calloc_ovf_null=%d wrap_null=%d\n",(unsigned long)al16,z?"nonnull":"null",hc,cc,yc); fin("self"); }

/* --- 60..: misuse detection.  "survived" lines say what happened. --- */
static char target[256] __attribute__((aligned(64)));
static void sec(int id){
  char *volatile p,*volatile q,*volatile r; static char *v[512]; static const char*nm[]={"dfree_imm","dfree_gap","dfree_large","ovf_hdr","ovf_1B_nul","ovf_freed","free_stack","free_interior","free_interior_large","free_wild","uaf_write","uaf_large_read","realloc_freed","underflow_8B","dfree_realloc_alias"};
  int t=id-60; bench_phase=nm[t]; printf("T test=%s\n",nm[t]);
  /* warm heap a bit so metadata is realistic */
  for(int i=0;i<32;i++) v[i]=malloc(32); for(int i=0;i<32;i+=2) free(v[i]);
  int dup=0, ctl=0, ovl=0; 
  switch(t){
  case 0: p=malloc(32); free(p); free(p); break;
  case 1: p=malloc(32); q=malloc(32); r=malloc(32); free(p); free(q); free(p); (void)r; break;
  case 2: p=malloc(1<<20); q=malloc(1<<20); free(p); free(p); free(q); break;
  case 3: case 4: case 5: { static char *w[96]; for(int i=0;i<96;i++) w[i]=malloc(24); int bi=0,bj=0; long best=1<<30;   /* closest neighbours */
    for(int i=32;i<80;i++) for(int j=32;j<80;j++) if(w[j]>w[i]&&w[j]-w[i]<best){ best=w[j]-w[i]; bi=i; bj=j; }
    p=w[bi]; q=w[bj]; printf("T dist=%ld\n",best);
    if(t==3){ memset(p+24,0x41,q-(p+24)); bench_phase="ovf_hdr.free"; free(q); free(p); }            /* everything between the two payloads */
    else if(t==4){ ((volatile char*)p)[24]=0; bench_phase="ovf_1B.free"; free(p); free(q); }
    else { free(q); memset(p+24,0x41,q-(p+24)+16); bench_phase="ovf_freed.free"; free(p); }           /* through the header into a freed neighbour */
    for(int i=0;i<96;i++) if(i!=bi&&i!=bj) free(w[i]);
    break; }
  case 6: { static uint64_t b[16] __attribute__((aligned(16))); b[1]=0x31; b[7]=0x31; uint64_t s[16] __attribute__((aligned(16))); s[1]=0x31; s[7]=0x31; (void)b; __asm__ volatile(""::"r"(s):"memory"); p=(char*)&s[2]; free(p); break; }
  case 7: p=malloc(256); memset(p,0,256); free(p+16); break;
  case 8: p=malloc(1<<20); memset(p,0,1<<20); free(p+4096); break;
  case 9: free((void*)0x123456780ul); break;
  case 10: p=malloc(48); q=malloc(48); free(q); free(p); for(int i=0;i<6;i++) ((volatile uint64_t*)p)[i]=(uint64_t)target+64; break;
  case 11: p=malloc(1<<20); memset(p,1,1<<20); free(p); printf("T read=%d\n",((volatile char*)p)[1<<19]); break;
  case 12: p=malloc(100); free(p); q=realloc(p,200); printf("T realloc_freed=%s\n",q?"nonnull":"null"); break;
  case 13: p=malloc(24); q=malloc(24); memset(q-8,0x41,8); free(q); free(p); break;
  case 14: p=malloc(64); q=realloc(p,4000); free(q); if(p!=q) free(p); break;
  }
  printf("T after_misuse\n"); bench_phase="after";
  /* now keep using the heap: 400 allocations of the sizes involved; look for duplicates / controlled pointers / overlap */
  static const size_t ss[]={32,24,48,100,64,256}; int n=0;
  for(int i=0;i<400;i++){ size_t k=ss[i%6]; char*x=malloc(k); if(!x){ printf("T null_at=%d\n",i); break; }
    if(x>=target-64&&x<target+256+64) { ctl++; break; }
    for(int j=0;j<n;j++){ size_t kj=ss[j%6]; if(v[j]==x) dup++; else if(v[j]<x+k && x<v[j]+kj) ovl++; }
    v[n++]=x; memset(x,0x5a,k); }
  for(int i=16;i<n;i++) free(v[i]);
  printf("T survived dup=%d overlap=%d controlled=%d\n",dup,ovl,ctl);
}
int main(void){
  int w=(int)plat_arg(0);
  /* counter self-check: loop of 1000 x (addi,bnez) between two reads */
  switch(w){
  case 0: w_first(); break;
  case 1: w_pair(16,1000000,"pair16"); break;
  case 2: w_32(0,"fifo32"); break;
  case 3: w_32(1,"lifo32"); break;
  case 4: w_32(2,"rand32"); break;
  case 5: w_repl(4096,1000000,0,"larson"); break;
  case 6: w_repl(1024,500000,1,"tail"); break;
  case 7: w_realloc_dbl(); break;
  case 8: w_realloc_inc(); break;
  case 9: w_realloc_two(); break;
  case 10: w_calloc(4096,10000,"calloc4k"); break;
  case 11: w_calloc(65536,2000,"calloc64k"); break;
  case 12: w_aligned(64,100,256,100000,"align64"); break;
  case 13: w_aligned(4096,4096,64,20000,"align4096"); break;
  case 14: w_frag(); break;
  case 15: w_phases(); break;
  case 16: w_pairhold(16,1000000,"pair16h"); break;
  case 20: w_pair(256,200000,"pair256"); break;
  case 21: w_pair(4096,100000,"pair4k"); break;
  case 22: w_pair(65536,20000,"pair64k"); break;
  case 23: w_pair(1048576,2000,"pair1m"); break;
  case 50: w_self(); break;
  default: if(w>=60&&w<75) sec(w); else die("bad id");
  }
  return 0;
}
