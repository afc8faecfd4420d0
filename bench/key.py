import urllib.request,urllib.parse,http.cookiejar,re,json,sys
o=json.load(open('out.json'))
base=o['url']; tok=o['set_up'].split('#')[1]
jar=http.cookiejar.CookieJar(); op=urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
def form(path,f):
    p=op.open(base+path).read().decode(); c=re.search(r'name="csrf" value="([^"]+)"',p).group(1)
    return op.open(base+path,urllib.parse.urlencode({**f,'csrf':c},doseq=True).encode()).read().decode()
form('/set-up',{'token':tok,'login':'bench','password':'a password for the bench','again':'a password for the bench'})
m=form('/keys',{'name':'bench','action':['artefact.create','artefact.read','account.verify','gateway.use','evidence.read'],'services':'*','functions':'*','life':'30'})
k=re.search(r'<code class="secret">([^<]+)</code>',m).group(1); open('key','w').write(k)
import datetime
r=urllib.request.Request(base+'/v1/accounts:attest',json.dumps({"account":"user-0","level":"phone","method":"phone","provider":"bench","transaction":"1","at":datetime.datetime.now(datetime.timezone.utc).isoformat()}).encode(),{'Content-Type':'application/json','Authorization':'Bearer '+k})
print(op.open(r).read().decode()[:200])
